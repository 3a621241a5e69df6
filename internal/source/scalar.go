package source

import "strings"

// A tag is the type that a scalar resolves to, before its value is made.
type tag uint8

const (
	tagString tag = iota
	tagNull
	tagBool
	tagInt
	tagFloat
	// tagMerge is a plain <<: a merge key, and no value at all.
	tagMerge
	// tagValue is a plain =, a leftover of YAML 1.1 that PyYAML refuses as value.
	tagValue
)

// resolvePlain types a scalar that was written without quotes and tag. It is
// PyYAML's resolver (YAML 1.1 with a dot needed in floats, signed exponents)
// plus the float rule that OmegaConf 2.3 adds (1e3, 1.5e3), without timestamps,
// which OmegaConf removes.
func resolvePlain(s string) tag {
	if s == "" {
		return tagNull
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '+', c == '-', c == '.':
		switch {
		case isInt(s):
			return tagInt
		case isFloat(s):
			return tagFloat
		}
	case strings.IndexByte("yYnNtTfFoO~", c) >= 0:
		switch s {
		case "~", "null", "Null", "NULL":
			return tagNull
		case "yes", "Yes", "YES", "no", "No", "NO",
			"true", "True", "TRUE", "false", "False", "FALSE",
			"on", "On", "ON", "off", "Off", "OFF":
			return tagBool
		}
	case s == "<<":
		return tagMerge
	case s == "=":
		return tagValue
	}
	return tagString
}

// boolValue is the value of a boolean's word in lower case.
func boolValue(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "yes", "true", "on":
		return true, true
	case "no", "false", "off":
		return false, true
	}
	return false, false
}

// isInt matches PyYAML's integers:
//
//	[-+]?0b[0-1_]+ | [-+]?0[0-7_]+ | [-+]?(0|[1-9][0-9_]*) | [-+]?0x[0-9a-fA-F_]+
//	| [-+]?[1-9][0-9_]*(:[0-5]?[0-9])+
func isInt(s string) bool {
	s = unsigned(s)
	switch {
	case s == "":
		return false
	case s == "0":
		return true
	case s[0] == '0' && s[1] == 'b':
		return len(s) > 2 && span(s[2:], isBinary) == len(s)-2
	case s[0] == '0' && s[1] == 'x':
		return len(s) > 2 && span(s[2:], isHex) == len(s)-2
	case s[0] == '0':
		return span(s[1:], isOctal) == len(s)-1
	case !isDigit(s[0]):
		return false
	}
	s = s[span(s, isDecimal):]
	return s == "" || s[span60(s):] == ""
}

// isFloat matches PyYAML's floats and OmegaConf's:
//
//	[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?       PyYAML
//	[-+]?D\.[0-9_]*([eE][-+]?[0-9]+)?                 OmegaConf, D = [0-9]+(_[0-9]+)*
//	[-+]?D[eE][-+]?[0-9]+                             OmegaConf
//	\.[0-9][0-9_]*([eE][-+][0-9]+)?                   both
//	[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*         both
//	[-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)            both
func isFloat(s string) bool {
	rest := unsigned(s)
	switch rest {
	case ".inf", ".Inf", ".INF":
		return true
	case ".nan", ".NaN", ".NAN":
		return rest == s
	case "":
		return false
	}
	if rest[0] == '.' {
		if rest != s || len(s) < 2 || !isDigit(s[1]) {
			return false
		}
		rest = s[1+span(s[1:], isDecimal):]
		return rest == "" || isExponent(rest, true)
	}
	if !isDigit(rest[0]) {
		return false
	}
	whole := rest[:span(rest, isDecimal)]
	rest = rest[len(whole):]
	tidy := !strings.Contains(whole, "__") && !strings.HasSuffix(whole, "_")
	switch {
	case rest == "":
		return false
	case rest[0] == '.':
		rest = rest[1+span(rest[1:], isDecimal):]
		return rest == "" || isExponent(rest, !tidy)
	case rest[0] == ':':
		rest = rest[span60(rest):]
		return rest != "" && rest[0] == '.' && span(rest[1:], isDecimal) == len(rest)-1
	}
	return tidy && isExponent(rest, false)
}

// isExponent matches [eE][-+][0-9]+, the sign optional unless needed.
func isExponent(s string, needSign bool) bool {
	if s == "" || s[0] != 'e' && s[0] != 'E' {
		return false
	}
	digits := unsigned(s[1:])
	if needSign && len(digits) == len(s)-1 {
		return false
	}
	return digits != "" && span(digits, isDigit) == len(digits)
}

// unsigned is s without one sign in front.
func unsigned(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

// span counts the bytes at the head of s that are in the class.
func span(s string, class func(byte) bool) int {
	for i := range len(s) {
		if !class(s[i]) {
			return i
		}
	}
	return len(s)
}

// span60 counts the bytes at the head of s that match (:[0-5]?[0-9])*.
func span60(s string) int {
	at := 0
	for at+1 < len(s) && s[at] == ':' && isDigit(s[at+1]) {
		if s[at+1] <= '5' && at+2 < len(s) && isDigit(s[at+2]) {
			at++
		}
		at += 2
	}
	return at
}

func isDigit(c byte) bool   { return c >= '0' && c <= '9' }
func isDecimal(c byte) bool { return isDigit(c) || c == '_' }
func isOctal(c byte) bool   { return c >= '0' && c <= '7' || c == '_' }
func isBinary(c byte) bool  { return c == '0' || c == '1' || c == '_' }
func isHex(c byte) bool     { return isDecimal(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
