// Package edit makes and rewrites configuration files: it takes out of an overlay what
// the base says already, makes a new overlay from its nearest sibling, and starts a new
// configuration repository. Comments and layout are kept.
//
//	values := edit.Find(base, doc)                     // what the overlay repeats
//	smaller := edit.Remove(doc, data, values, keep)    // the text without it
//	from := edit.Nearest("models/llama2-70b/offline_mi355x.yaml", overlays)
//	made, err := edit.Make(path, from, data, read)   // a sibling for another machine
//
// Packages below it bring files of an older format up to date (migrate) and say what
// a newer release of an engine changes (upgrade).
package edit
