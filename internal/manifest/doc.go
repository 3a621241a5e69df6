// Package manifest is the contract between mlcfg and mlrun: one resolved,
// typed, sorted configuration for one backend, with the digests of its
// content, its sources and its schema. Same inputs, same bytes, on every
// machine; nothing in it depends on time, host, user, map order or locale.
package manifest
