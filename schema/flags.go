package schema

// FlagTable tells how a release spells each argument of its engine on the
// command line, by the name of the argument. Arguments without a flag are not
// in it.
func FlagTable(engine, release string) (map[string]Flag, error) {
	s, err := Load(engine, release)
	if err != nil {
		return nil, err
	}
	table := map[string]Flag{}
	for _, section := range []string{EngineConfig, CLIOnly} {
		for _, k := range s.Section(section).Keys() {
			if k.Flag != nil {
				table[k.Name] = *k.Flag
			}
		}
	}
	return table, nil
}
