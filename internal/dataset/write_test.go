package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWrite holds that what is written is read back, in every format.
func TestWrite(t *testing.T) {
	samples := []Sample{
		{
			Tokens: []int32{1, 2, 3}, Prompt: "a \"q\" <é>\nb", Reference: "r", ID: "i1", MaxTokens: 7, Stop: []string{"</s>"}, StopTokens: []int32{2},
			Messages: []Message{{Role: "user", Content: "hé"}, {Role: "user", Content: ""}}, Source: "s", Metric: "m", ReferenceTokens: []int32{4},
		},
		{Prompt: "only text"},
		{Tokens: []int32{}, Messages: []Message{{Role: "user", Content: "x"}}},
	}
	for _, name := range []string{"x.jsonl", "x.json", "x.csv", "x.parquet"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			set := &Set{Samples: samples, Columns: []Column{{"gt_output", "text", RoleReference}}}
			if err := set.WriteFile(path); err != nil {
				t.Fatal(err)
			}
			back, err := Read(t.Context(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(samples, back.Samples); d != "" {
				t.Error(d)
			}
			var names []string
			for _, c := range back.Columns {
				names = append(names, c.Name)
			}
			if !strings.Contains(strings.Join(names, " "), "gt_output") {
				t.Errorf("columns %v: want the name the reference was read under", names)
			}
		})
	}
	for _, name := range []string{"x.pkl", "x.txt", "x"} {
		if err := (&Set{Samples: samples}).WriteFile(filepath.Join(t.TempDir(), name)); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

func TestSynthetic(t *testing.T) {
	in, err := ParseLengths("lognormal:250,100,8,1024")
	if err != nil {
		t.Fatal(err)
	}
	out, err := ParseLengths("uniform:10,20")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Synthetic(1000, Spec{Input: in, Output: out, Vocabulary: 1000}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Synthetic(1000, Spec{Input: in, Vocabulary: 1000}, 1)
	c, _ := Synthetic(1000, Spec{Input: in, Vocabulary: 1000}, 2)
	sum, sum2 := 0.0, 0.0
	h := sha256.New()
	for i := range a.Samples {
		x := a.Samples[i]
		if d := cmp.Diff(x.Tokens, b.Samples[i].Tokens); d != "" {
			t.Fatalf("sample %d depends on the outputs: %s", i, d)
		}
		for _, id := range x.Tokens {
			if id < 3 || id >= 1000 {
				t.Fatalf("token id %d", id)
			}
		}
		if x.MaxTokens < 10 || x.MaxTokens > 20 {
			t.Fatalf("max tokens %d", x.MaxTokens)
		}
		n := float64(len(x.Tokens))
		sum, sum2 = sum+n, sum2+n*n
		_ = binary.Write(h, binary.LittleEndian, x.Tokens)
	}
	mean := sum / 1000
	if sd := math.Sqrt(sum2/1000 - mean*mean); math.Abs(mean-250) > 10 || math.Abs(sd-100) > 10 {
		t.Errorf("mean %.1f, standard deviation %.1f, want 250 and 100", mean, sd)
	}
	if cmp.Equal(a.Samples[0].Tokens, c.Samples[0].Tokens) {
		t.Error("another seed gives the same set")
	}
	// The set must not change from version to version.
	const want = "a01ba386a4fd2a9d"
	if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want {
		t.Errorf("content %s, want %s", got, want)
	}
}

func TestLengths(t *testing.T) {
	hist := write(t, "h.csv", "length,weight\n5,1\n10,0\n# more\n20,21,3\n")
	tests := []struct {
		text     string
		low, top int
	}{
		{"128", 128, 128}, {"fixed:1", 1, 1}, {"uniform:3,9", 3, 9}, {"normal:10,100,5,15", 5, 15}, {"histogram:" + hist, 5, 21},
	}
	for _, tt := range tests {
		l, err := ParseLengths(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		set, err := Synthetic(500, Spec{Input: l, Text: true}, 3)
		if err != nil {
			t.Fatal(err)
		}
		low, top := math.MaxInt, 0
		for _, s := range set.Samples {
			n := len(strings.Fields(s.Prompt))
			low, top = min(low, n), max(top, n)
			if n > 5 && n < 20 && strings.HasPrefix(tt.text, "hist") {
				t.Errorf("%s draws %d", tt.text, n)
			}
		}
		if low != tt.low || top != tt.top {
			t.Errorf("%s draws %d to %d, want %d to %d", tt.text, low, top, tt.low, tt.top)
		}
	}
	for _, bad := range []string{
		"", "x", "0", "-1", "1.5", "uniform:9,3", "uniform:3", "normal:1", "normal:1,2,3", "normal:1,2,9,3", "lognormal:0,1", "poisson:3", "fixed:1e99", "histogram:/nonexistent",
		"histogram:" + write(t, "a.csv", "5,0\n"), "histogram:" + write(t, "b.csv", "5,1\nx,2\n"), "histogram:" + write(t, "c.csv", "0,1\n0,1\n"), "normal:5,1,0,3",
	} {
		if _, err := ParseLengths(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	ctx := context.Background()
	path := write(t, "x", "abc")
	old := time.Now().Add(-time.Hour)
	touch := func(at time.Time) {
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	touch(old)
	check := func(algorithm, want string, wantCached bool) {
		t.Helper()
		got, cached, err := Digest(ctx, path, algorithm)
		if err != nil || got != want || cached != wantCached {
			t.Errorf("%s %v %v, want %s %v", got, cached, err, want, wantCached)
		}
	}
	const md5abc, md5abd = "900150983cd24fb0d6963f7d28e17f72", "4911e516e5aa21d327512e0c8b197616"
	check("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", false)
	check("md5", md5abc, false)
	check("md5", md5abc, true)
	if err := os.WriteFile(path, []byte("abd"), 0o600); err != nil {
		t.Fatal(err)
	}
	touch(old.Add(time.Second))
	check("md5", md5abd, false)
	check("md5", md5abd, true)
	touch(time.Now()) // too fresh to be remembered
	check("md5", md5abd, false)
	check("md5", md5abd, false)
	if _, _, err := Digest(ctx, path, "crc"); err == nil {
		t.Error("an unknown digest is made")
	}
	if _, _, err := Digest(ctx, t.TempDir(), "md5"); err == nil {
		t.Error("a folder has a digest")
	}
}

func TestInfo(t *testing.T) {
	set := &Set{Format: "x", Samples: []Sample{
		{Tokens: []int32{1, 2, 9}, Source: "a", MaxTokens: 4},
		{Tokens: []int32{5}, Source: "b", Reference: "xy"},
		{Prompt: "abc", Source: "a", Messages: []Message{{Role: "user", Content: "u"}}},
	}}
	got := set.Info()
	if d := cmp.Diff(&Counts{Samples: 2, Total: 4, Mean: 2, Min: 1, P50: 3, P90: 3, P99: 3, Max: 3}, got.InputTokens); d != "" {
		t.Error(d)
	}
	if got.LargestToken != 9 || got.Chats != 1 || fmt.Sprint(got.Sources) != "map[a:2 b:1]" || got.MaxTokens.Max != 4 || got.ReferenceBytes.Max != 2 || got.ReferenceTokens != nil {
		t.Errorf("%+v", got)
	}
}
