package compile

import (
	"testing"

	"mlcfg/schema"
)

// The digest of a manifest's schema follows from all that it was held to: the
// shared sections and those of the engine's release.
func TestSchemaDigest(t *testing.T) {
	c := &Compiler{}
	seen := map[string]string{}
	for engine, releases := range map[string][]string{"vllm": {"0.9.2", "0.10.2"}, "sglang": {"0.4.9.post2"}} {
		for _, release := range releases {
			s, err := schema.Load(engine, release)
			if err != nil {
				t.Fatal(err)
			}
			d := c.digest(s)
			if d != c.digest(s) {
				t.Errorf("%s %s has two digests", engine, release)
			}
			if other, same := seen[d]; same {
				t.Errorf("%s %s has the digest of %s", engine, release, other)
			}
			seen[d] = engine + " " + release
			if c.digest(&schema.Schema{Digest: s.Digest + "0"}) == d {
				t.Errorf("%s %s with a changed schema has the same digest", engine, release)
			}
		}
	}
}
