package check

import "mlcfg/internal/source"

// IsNull tells null and the texts that mean it where a key takes null (None).
func IsNull(n *source.Node) bool {
	return n.Kind == source.Null || n.Kind == source.String && isNullWord(n)
}

// IsUnset is IsNull for an environment variable, where Python's None alone stands
// for no value: none is a text that some variables want.
func IsUnset(n *source.Node) bool {
	return n.Kind == source.Null || n.Kind == source.String && !n.Quoted && n.Str == "None"
}
