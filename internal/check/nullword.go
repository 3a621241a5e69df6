package check

import "mlcfg/internal/source"

// IsNull tells null and the texts that mean it where a key takes null (None).
func IsNull(n *source.Node) bool {
	return n.Kind == source.Null || n.Kind == source.String && isNullWord(n)
}
