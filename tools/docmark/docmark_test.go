package docmark

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRenew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("# A\n\n<!-- x -->\nold\n<!-- end of x -->\nB\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // again gives the same
		if err := Renew(path, "x", "| new |\n"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		const want = "# A\n\n<!-- x -->\n\n| new |\n\n<!-- end of x -->\nB\n"
		if err != nil || string(got) != want {
			t.Errorf("%v, got %q", err, got)
		}
		if part, err := Part(want, "x"); err != nil || part != "\n| new |\n\n" {
			t.Errorf("%q, %v", part, err)
		}
	}
	if Renew(path, "y", "") == nil || Renew(path+"no", "x", "") == nil {
		t.Error("a page without the marks is renewed")
	}
	if _, err := Part("<!-- x -->\n", "x"); err == nil {
		t.Error("a part without an end")
	}
}
