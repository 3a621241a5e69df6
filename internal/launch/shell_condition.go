package launch

import (
	"slices"
	"strconv"

	"mvdan.cc/sh/v3/syntax"
)

// holds evaluates a condition of which the script tells all; known is false for the others. A
// default that stands for a variable from outside is not known: it may be set to anything.
func (r *run) holds(s *syntax.Stmt) (result, known bool) {
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		if len(c.Args) > 0 && (c.Args[0].Lit() == "[" || c.Args[0].Lit() == "test") {
			result, known = r.bracket(c.Args[1:])
		}
	case *syntax.TestClause:
		result, known = r.test(c.X)
	case *syntax.BinaryCmd:
		x, knownX := r.holds(c.X)
		y, knownY := r.holds(c.Y)
		result, known = together(c.Op == syntax.OrStmt, x, knownX, y, knownY)
		known = known && (c.Op == syntax.OrStmt || c.Op == syntax.AndStmt)
	}
	return result != s.Negated, known
}

// together is x || y, or x && y, where enough of the two is known.
func together(or, x, knownX, y, knownY bool) (result, known bool) {
	if knownX && x == or || knownY && y == or {
		return or, true
	}
	return !or, knownX && knownY
}

// bracket is what stands in [ ].
func (r *run) bracket(words []*syntax.Word) (result, known bool) {
	if n := len(words); n > 0 && words[n-1].Lit() == "]" {
		words = words[:n-1]
	}
	negated := false
	for len(words) > 0 && words[0].Lit() == "!" {
		negated, words = !negated, words[1:]
	}
	switch len(words) {
	case 1:
		result, known = r.unary("-n", words[0])
	case 2:
		result, known = r.unary(words[0].Lit(), words[1])
	case 3:
		result, known = r.compare(words[0], words[1].Lit(), words[2])
	}
	return result != negated, known
}

// test is what stands in [[ ]].
func (r *run) test(x syntax.TestExpr) (result, known bool) {
	switch x := x.(type) {
	case *syntax.Word:
		return r.unary("-n", x)
	case *syntax.ParenTest:
		return r.test(x.X)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			result, known = r.test(x.X)
			return !result, known
		}
		if w, ok := x.X.(*syntax.Word); ok {
			return r.unary(x.Op.String(), w)
		}
	case *syntax.BinaryTest:
		switch x.Op {
		case syntax.AndTest, syntax.OrTest:
			a, knownA := r.test(x.X)
			b, knownB := r.test(x.Y)
			return together(x.Op == syntax.OrTest, a, knownA, b, knownB)
		}
		a, okA := x.X.(*syntax.Word)
		b, okB := x.Y.(*syntax.Word)
		if okA && okB {
			return r.compare(a, x.Op.String(), b)
		}
	}
	return false, false
}

// unary is a test of one word.
func (r *run) unary(op string, w *syntax.Word) (result, known bool) {
	text, known := r.certain(w)
	switch op {
	case "-n":
		return text != "", known
	case "-z":
		return text == "", known
	}
	return false, false
}

// compare is a test of two words.
func (r *run) compare(a *syntax.Word, op string, b *syntax.Word) (result, known bool) {
	x, knownX := r.certain(a)
	y, knownY := r.certain(b)
	if !knownX || !knownY {
		return false, false
	}
	switch op {
	case "=", "==":
		return x == y, !isPattern(b)
	case "!=":
		return x != y, !isPattern(b)
	}
	m, errM := strconv.Atoi(x)
	n, errN := strconv.Atoi(y)
	if errM != nil || errN != nil {
		return false, false
	}
	switch op {
	case "-eq":
		return m == n, true
	case "-ne":
		return m != n, true
	case "-lt":
		return m < n, true
	case "-le":
		return m <= n, true
	case "-gt":
		return m > n, true
	case "-ge":
		return m >= n, true
	}
	return false, false
}

// isPattern reports whether a word may be a pattern to compare with.
func isPattern(w *syntax.Word) bool {
	return slices.ContainsFunc(w.Parts, func(p syntax.WordPart) bool {
		lit, ok := p.(*syntax.Lit)
		if _, glob := p.(*syntax.ExtGlob); glob {
			return true
		}
		return ok && slices.ContainsFunc([]byte(lit.Value), func(c byte) bool { return c == '*' || c == '?' || c == '[' })
	})
}

// certain is the text of a word that nothing outside of the script changes.
func (r *run) certain(w *syntax.Word) (string, bool) {
	joined := r.joined(w)
	return joined.Text, joined.Known() && !joined.presumed()
}
