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
			d := c.digest(schema.Shared(), s)
			if d != c.digest(schema.Shared(), s) {
				t.Errorf("%s %s has two digests", engine, release)
			}
			if other, same := seen[d]; same {
				t.Errorf("%s %s has the digest of %s", engine, release, other)
			}
			if round, err := schema.Load(schema.Harness, "v5.1"); err != nil || c.digest(round, s) == d {
				t.Errorf("%s %s of another round has the same digest (%v)", engine, release, err)
			}
			seen[d] = engine + " " + release
			if c.digest(schema.Shared(), &schema.Schema{Digest: s.Digest + "0"}) == d {
				t.Errorf("%s %s with a changed schema has the same digest", engine, release)
			}
		}
	}
}
