package loadgen

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"mlcfg/tools/sharedata"
)

// readJSON reads one file of expected values.
func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// seed is a 64-bit number that the expected values hold as text.
type seed uint64

func (s *seed) UnmarshalJSON(data []byte) error {
	text, err := strconv.Unquote(string(data))
	if err != nil {
		text = string(data)
	}
	v, err := strconv.ParseUint(text, 10, 64)
	*s = seed(v)
	return err
}

func TestRandomNumbers(t *testing.T) {
	var want struct {
		MT []struct {
			Seed  seed
			First []uint32
			Last  uint32 `json:"n10000th"`
		} `json:"mt19937"`
		Shuffle []struct {
			Seed    seed
			N       int
			Hash    string `json:"fnv1a"`
			NextRaw uint32 `json:"next_raw"`
			Head    []int
		}
		UniformInt []struct {
			Seed    seed
			Hi      uint32
			V       []uint32
			NextRaw uint32 `json:"next_raw"`
		} `json:"uniform_int"`
		Exponential []struct {
			Seed          seed
			QPS           float64
			CanonicalBits []string `json:"canonical_bits"`
			ExpBits       []string `json:"exp_bits"`
			NS            []int64
		} `json:"canonical_and_exponential"`
	}
	path := filepath.Join(sharedata.LoadGen(t), "golden", "rng_units.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	readJSON(t, path, &want)
	for _, c := range want.MT {
		t.Run(fmt.Sprintf("mt19937/%d", c.Seed), func(t *testing.T) {
			e := newEngine(uint64(c.Seed), Generator{})
			for i, w := range c.First {
				if got := e.next(); got != w {
					t.Fatalf("word %d: got %d, want %d", i, got, w)
				}
			}
			for range 10000 - len(c.First) - 1 {
				e.next()
			}
			if got := e.next(); got != c.Last {
				t.Errorf("word 10000: got %d, want %d", got, c.Last)
			}
		})
	}
	for _, c := range want.Shuffle {
		t.Run(fmt.Sprintf("shuffle/%d", c.N), func(t *testing.T) {
			e := newEngine(uint64(c.Seed), Generator{})
			v := make([]int, c.N)
			for i := range v {
				v[i] = i
			}
			shuffle(e, v)
			if !slices.Equal(v[:len(c.Head)], c.Head) {
				t.Errorf("got %v, want %v", v[:len(c.Head)], c.Head)
			}
			if got := e.next(); got != c.NextRaw {
				t.Errorf("next word: got %d, want %d", got, c.NextRaw)
			}
			if got := hashInts(v); got != c.Hash {
				t.Errorf("hash: got %s, want %s", got, c.Hash)
			}
		})
	}
	for _, c := range want.UniformInt {
		t.Run(fmt.Sprintf("uniform_int/%d", c.Hi), func(t *testing.T) {
			e := newEngine(uint64(c.Seed), Generator{})
			for i, w := range c.V {
				if got := e.below(c.Hi + 1); got != w {
					t.Fatalf("draw %d: got %d, want %d", i, got, w)
				}
			}
			if got := e.next(); got != c.NextRaw {
				t.Errorf("next word: got %d, want %d", got, c.NextRaw)
			}
		})
	}
	for _, c := range want.Exponential {
		t.Run(fmt.Sprintf("exponential/%g", c.QPS), func(t *testing.T) {
			canonical, exp, ns := newEngine(uint64(c.Seed), Generator{}), newEngine(uint64(c.Seed), Generator{}), newEngine(uint64(c.Seed), Generator{})
			for i := range c.NS {
				if got := fmt.Sprintf("%016x", math.Float64bits(canonical.canonical())); got != c.CanonicalBits[i] {
					t.Errorf("canonical %d: got %s, want %s", i, got, c.CanonicalBits[i])
				}
				if got := fmt.Sprintf("%016x", math.Float64bits(-logRounded(1-exp.canonical())/c.QPS)); got != c.ExpBits[i] {
					t.Errorf("exponential %d: got %s, want %s", i, got, c.ExpBits[i])
				}
				if got := ns.arrivalNS(c.QPS); got != c.NS[i] {
					t.Errorf("delta %d: got %d, want %d", i, got, c.NS[i])
				}
			}
		})
	}
}

// hashInts is FNV-1a over the little-endian 64-bit integers.
func hashInts(v []int) string {
	h := fnv.New64a()
	for _, x := range v {
		var b [8]byte
		for i := range b {
			b[i] = byte(x >> (8 * i))
		}
		h.Write(b[:])
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// The fast and the exact way to a delta must agree, whatever the processor.
func TestArrivalsAreRoundedCorrectly(t *testing.T) {
	for _, rate := range []float64{1e-6, 0.01, 0.89, 50, 1e6} {
		fast, exact := newEngine(42, Generator{}), newEngine(42, Generator{})
		for i := range 2000 {
			got, want := fast.arrivalNS(rate), int64(secondsToNS(-logRounded(1-exact.canonical())/rate))
			if got != want {
				t.Errorf("rate %g, draw %d: got %d, want %d", rate, i, got, want)
			}
		}
	}
}

func TestGeneratorOf(t *testing.T) {
	for version, want := range map[string]Generator{
		"6.1": {}, "6.0.17": {}, "6.0.6": {}, "6.0.17 @ d6147c7eb7": {},
		"6.0.5": {OldPerformanceSet: true}, "6.0.3": {OldPerformanceSet: true}, "5.1.0 @ 50de99161e": {OldPerformanceSet: true}, "5.0.25": {OldPerformanceSet: true},
		"4.1.30": {OldUniformInt: true, OldPerformanceSet: true}, "3.1": {OldUniformInt: true, OldPerformanceSet: true},
	} {
		if got, err := GeneratorOf(version); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", version, got, err, want)
		}
	}
	for _, version := range []string{"", "newest", "6", "v6.0.17"} {
		if _, err := GeneratorOf(version); err == nil {
			t.Errorf("%q is taken for a version", version)
		}
	}
}

func BenchmarkArrival(b *testing.B) {
	e := newEngine(42, Generator{})
	for b.Loop() {
		e.arrivalNS(50)
	}
}

func BenchmarkShuffle(b *testing.B) {
	e := newEngine(42, Generator{})
	v := make([]uint32, 24576)
	for b.Loop() {
		shuffle(e, v)
	}
}
