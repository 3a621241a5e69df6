package diag

import "strings"

// Name returns the name that a misspelt one was most likely meant to be, or
// "" where none is near. A name is near with a letter or two wrong, or word for word: in each
// word one letter in three may differ, a word may be cut short (gpu_mem_utilization) or have another
// ending (max_num_sequence), and one behind the first may be left out (max_batched_tokens). Case
// and the difference of "-" and "_" count nothing. Of equally near names the first in
// the list wins. Without one the only name that goes on where this one ends is meant
// (tensor_parallel). What shares its last words alone is another name: a wrong suggestion is
// worse than none.
func Name(names []string, name string) string {
	plain := plainName(name)
	limit := min(max(1, (len(plain)+1)/3), 6)
	best, bestDistance, longer := "", limit+1, ""
	for _, candidate := range names {
		other := plainName(candidate)
		if rest, ok := strings.CutPrefix(other, plain); ok && rest != "" && rest[0] == '_' && strings.Contains(plain, "_") {
			if longer != "" {
				longer = "several"
			} else {
				longer = candidate
			}
		}
		if d := distance(plain, other, bestDistance); d < bestDistance && (d <= 2 || alike(plain, other)) {
			best, bestDistance = candidate, d
		}
	}
	if best == "" && longer != "several" {
		return longer
	}
	return best
}

// alike reports whether a name has the words of another, misspelt or cut short, one of them,
// but for the first, left out. A word more makes another name of it.
func alike(name, other string) bool {
	words, others := strings.Split(name, "_"), strings.Split(other, "_")
	missing := len(others) - len(words)
	if missing < 0 || missing > 1 || missing == 1 && len(words) < 2 {
		return false
	}
	for i, j := 0, 0; i < len(words); j++ {
		switch {
		case sameWord(words[i], others[j]):
			i++
		case i > 0 && missing > 0:
			missing--
		default:
			return false
		}
	}
	return true
}

func sameWord(a, b string) bool {
	limit := max(1, (min(len(a), len(b))+1)/3)
	if distance(a, b, limit+1) <= limit {
		return true
	}
	a, b = stem(a), stem(b)
	return len(a) > 2 && strings.HasPrefix(b, a) || len(b) > 2 && strings.HasPrefix(a, b)
}

// stem is a word without its ending: caching and cache are one word, seqs and sequence too.
func stem(word string) string {
	for _, ending := range []string{"ing", "ed", "es", "s", "e"} {
		if rest, ok := strings.CutSuffix(word, ending); ok && len(rest) > 2 {
			return rest
		}
	}
	return word
}

func plainName(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to make b of a; counting stops at limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least >= limit {
			return limit
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
