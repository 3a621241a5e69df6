// Package manifest is the contract between mlcfg and mlrun: one resolved,
// typed, sorted configuration for one backend, with the digests of its
// content, its sources and its schema.
//
//	data, err := m.YAML()                       // mlcfg: canonical bytes, sealed
//	m, err := manifest.ReadFile(path, os.Stdin) // mlrun: verified, or an *Error with line and hint
//	qps, ok := manifest.Float(m.HarnessConfig, "target_qps")
//
// Same inputs, same bytes, on every machine; nothing in it depends on time,
// host, user, map order or locale. Fields may be added; none is renamed or
// dropped without raising [Format]. The canonical form is block-style YAML that
// YAML 1.1, YAML 1.2 and this package read alike; the reader takes exactly that
// form, or its JSON twin, and nothing else.
package manifest
