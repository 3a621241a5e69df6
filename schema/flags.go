package schema

// Flag returns how the release spells an argument of its engine on the command
// line. ok is false where it has none: for a key that is not known, or that only
// the engine's constructor takes.
func (s *Schema) Flag(name string) (f Flag, ok bool) {
	for _, section := range []string{CLIOnly, EngineConfig} {
		if k, known := s.Section(section).Key(name); known && len(k.Flags()) > 0 {
			return *k.Flag, true
		}
	}
	return Flag{}, false
}
