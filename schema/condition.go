package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// evaluate returns the value of a condition, whose names value knows. It takes names,
// None, True, False, numbers, texts, tuples of these, and, or, not, the comparisons, in,
// is, len(x), and count(x, ...), which is how many of its arguments are true.
func evaluate(text string, value func(name string) any) (any, error) {
	c := condition{value: value}
	end := 0
	for _, at := range append(conditionWord.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		if between := strings.TrimSpace(text[end:at[0]]); between != "" {
			return nil, fmt.Errorf("%q is no word of a condition", between)
		}
		c.words, end = append(c.words, text[at[0]:at[1]]), at[1]
	}
	c.words = c.words[:len(c.words)-1]
	v := c.or()
	if c.err == nil && len(c.words) > 0 {
		c.fail(c.words[0])
	}
	return v, c.err
}

var conditionWord = lazyregexp.New(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|-?[0-9][0-9.]*(?:e[+-]?[0-9]+)?|[A-Za-z_]\w*|[=!<>]=|[<>(),]`)

// condition is one that is being read, word by word.
type condition struct {
	words []string
	value func(string) any
	err   error
}

func (c *condition) fail(at string) {
	if c.err == nil {
		c.err = fmt.Errorf("%q stands where it cannot", at)
	}
}

func (c *condition) peek() string {
	if len(c.words) == 0 {
		return ""
	}
	return c.words[0]
}

func (c *condition) next() string {
	word := c.peek()
	if word != "" {
		c.words = c.words[1:]
	}
	return word
}

func (c *condition) take(word string) bool {
	if c.peek() != word {
		return false
	}
	c.next()
	return true
}

// or and and return the operand that decides, as Python does; one that is not known
// leaves the whole open unless another decides.
func (c *condition) or() any  { return c.chain("or", yes, c.and) }
func (c *condition) and() any { return c.chain("and", no, c.not) }

func (c *condition) chain(word string, decides answer, operand func() any) any {
	v := operand()
	for c.take(word) {
		w := operand()
		switch {
		case truth(v) == decides:
		case truth(v) == open && truth(w) != decides:
			v = unknown{}
		default:
			v = w
		}
	}
	return v
}

func (c *condition) not() any {
	if !c.take("not") {
		return c.comparison()
	}
	switch truth(c.not()) {
	case yes:
		return false
	case no:
		return true
	}
	return unknown{}
}

// comparison reads a < b < c too, which holds where both parts do.
func (c *condition) comparison() any {
	left := c.term()
	var result any
	for first := true; ; first = false {
		op := c.operator()
		if op == "" && first {
			return left
		}
		if op == "" {
			return result
		}
		right := c.term()
		switch is := compared(op, left, right); {
		case first:
			result = is.value()
		case truth(result) == no || is == no:
			result = false
		case truth(result) == open || is == open:
			result = unknown{}
		}
		left = right
	}
}

func (a answer) value() any {
	if a == open {
		return unknown{}
	}
	return a == yes
}

func (c *condition) operator() string {
	switch word := c.peek(); word {
	case "==", "!=", "<", "<=", ">", ">=", "in":
		return c.next()
	case "is":
		if c.next(); c.take("not") {
			return "is not"
		}
		return word
	case "not":
		if len(c.words) > 1 && c.words[1] == "in" {
			c.words = c.words[2:]
			return "not in"
		}
	}
	return ""
}

func (c *condition) term() any {
	word := c.next()
	switch {
	case word == "(":
		return c.parentheses()
	case word == "" || slices.Contains([]string{")", ",", "and", "or", "not", "in", "is"}, word) || strings.ContainsAny(word[:1], "=!<>"):
		c.fail(word)
		return unknown{}
	case word[0] == '\'' || word[0] == '"':
		return unquoted(word)
	case word == "None":
		return nil
	case word == "True", word == "False":
		return word == "True"
	case word[0] == '-' || word[0] >= '0' && word[0] <= '9':
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			return n
		}
		f, err := strconv.ParseFloat(word, 64)
		if err != nil {
			c.fail(word)
		}
		return f
	case c.peek() == "(":
		c.next()
		return c.call(word)
	}
	return c.value(word)
}

// parentheses reads (a), which is a, and (a, b) and (a,), which are tuples.
func (c *condition) parentheses() any {
	list, comma := c.list()
	if len(list) == 1 && !comma {
		return list[0]
	}
	return list
}

// list reads up to the closing parenthesis; comma reports whether one ends it.
func (c *condition) list() (list []any, comma bool) {
	list = []any{}
	for !c.take(")") {
		list = append(list, c.or())
		if comma = c.take(","); !comma && c.peek() != ")" {
			c.fail(c.peek())
			return list, comma
		}
	}
	return list, comma
}

func (c *condition) call(name string) any {
	list, _ := c.list()
	switch {
	case name == "count":
		n := int64(0)
		for _, v := range list {
			switch truth(v) {
			case open:
				return unknown{}
			case yes:
				n++
			}
		}
		return n
	case name == "len" && len(list) == 1:
		switch of := list[0].(type) {
		case string:
			return int64(len([]rune(of)))
		case []any:
			return int64(len(of))
		case map[string]any:
			return int64(len(of))
		}
		return unknown{}
	}
	c.fail(name)
	return unknown{}
}

// unquoted is a text as Python's repr writes it.
func unquoted(word string) string {
	inner := word[1 : len(word)-1]
	if text, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.ReplaceAll(inner, `\'`, `'`), `"`, `\"`) + `"`); err == nil {
		return text
	}
	return inner
}
