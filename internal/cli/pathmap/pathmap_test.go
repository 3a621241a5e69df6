package pathmap

import "testing"

func TestTranslate(t *testing.T) {
	m, err := Parse([]string{"/lab=/home/me", "/lab/conf/=here", "/lab/one.conf=/tmp/x=y"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/lab/a":        "/home/me/a",
		"/lab":          "/home/me",
		"/labs/a":       "/labs/a",
		"/lab/conf/u":   "here/u",
		"/lab/one.conf": "/tmp/x=y",
		"/other/u":      "/other/u",
		"rel/u":         "root/rel/u",
		"/lab/../etc/x": "/home/etc/x",
		"/lab/confx/u":  "/home/me/confx/u",
	} {
		if got := m.Translate(path, "root"); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	for _, text := range []string{"", "/a", "=b", "/a="} {
		if _, err := Parse([]string{text}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
