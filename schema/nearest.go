package schema

import "mlcfg/internal/diag"

// Nearest returns the name that a misspelt one was most likely meant to be, or
// "" where none is near.
func Nearest(names []string, name string) string { return diag.Name(names, name) }
