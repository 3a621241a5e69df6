package clidoc

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"

	"github.com/urfave/cli/v2"
)

// Complete returns what the last of a command line's words may become; the words
// are those behind the program's name. A word given back that ends in = or . goes
// on. Nothing means: the shell may offer files.
func (p Program) Complete(commands []*cli.Command, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	given, last := words[:len(words)-1], words[len(words)-1]
	var command *cli.Command
	offered := visible(commands)
	for len(given) > 0 && offered != nil {
		i := slices.IndexFunc(offered, func(c *cli.Command) bool { return c.HasName(given[0]) })
		if i < 0 {
			return nil
		}
		command, given = offered[i], given[1:]
		offered = visible(command.Subcommands)
	}
	if offered != nil {
		var names []string
		for _, c := range offered {
			names = append(names, c.Name)
		}
		return beginning(names, last)
	}
	if name, value, ok := strings.Cut(last, "="); ok && strings.HasPrefix(last, "-") {
		if !takesValue(command, name) {
			return nil
		}
		var all []string
		for _, v := range p.values(command, strings.TrimLeft(name, "-"), value) {
			all = append(all, name+"="+v)
		}
		return all
	}
	if strings.HasPrefix(last, "-") {
		var names []string
		for _, f := range flagsOf(command) {
			names = append(names, f.names...)
		}
		return beginning(append(names, "--help"), last)
	}
	if n := len(given); n > 0 && strings.HasPrefix(given[n-1], "-") && !strings.Contains(given[n-1], "=") && takesValue(command, given[n-1]) {
		return p.values(command, strings.TrimLeft(given[n-1], "-"), last)
	}
	return p.values(command, "", last)
}

func (p Program) values(command *cli.Command, flag, given string) []string {
	if command == nil {
		return nil
	}
	if command.Name == "completion" && flag == "" {
		return beginning(shells, given)
	}
	flag = strings.ReplaceAll(flag, "_", "-")
	var all []string
	if p.Values != nil {
		all = p.Values(command, flag, given)
	}
	if len(all) == 0 && flag != "" {
		all = formats(command, flag)
	}
	return beginning(all, given)
}

// inBrackets is a remark about one of the formats that a usage text lists.
var inBrackets = lazyregexp.New(` \([^)]*\)`)

// formats are the values of a flag that takes a FORMAT, which its usage text lists
// behind a colon: "FORMAT of the list: text or json".
func formats(command *cli.Command, flag string) []string {
	for _, f := range flagsOf(command) {
		_, list, ok := strings.Cut(f.usage, ": ")
		if ok && f.value == "FORMAT" && slices.Contains(f.names, "--"+flag) {
			return strings.FieldsFunc(strings.ReplaceAll(inBrackets.ReplaceAllString(list, ""), " or ", ","), func(r rune) bool { return r == ',' || r == ' ' })
		}
	}
	return nil
}

func takesValue(command *cli.Command, flag string) bool {
	flag = strings.ReplaceAll(flag, "_", "-")
	for _, f := range flagsOf(command) {
		if slices.Contains(f.names, flag) {
			return f.value != ""
		}
	}
	return false
}

func beginning(words []string, with string) (all []string) {
	for _, w := range words {
		if strings.HasPrefix(w, with) {
			all = append(all, w)
		}
	}
	return all
}

// shells are those that Script writes for.
var shells = []string{"bash", "zsh", "fish"}

// Script is a shell's script that completes the program by asking it.
func (p Program) Script(shell string) (string, error) {
	text, ok := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[shell]
	if !ok {
		return "", fmt.Errorf("completion is for %s, not %q", strings.Join(shells, ", "), shell)
	}
	return strings.NewReplacer("PROGRAM", p.Name, "ASK", askName).Replace(text), nil
}

// bash breaks words at = and : too, so the line is split anew, and what stands
// before the last break is taken off what is offered.
const bashScript = `# bash completion for PROGRAM
_PROGRAM() {
	local line=${COMP_LINE:0:COMP_POINT} cur cut
	local -a words
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	cur=${words[${#words[@]}-1]}
	mapfile -t COMPREPLY < <("${words[0]}" ASK -- "${words[@]:1}" 2>/dev/null)
	cut=${cur%"${cur##*[=:]}"}
	COMPREPLY=("${COMPREPLY[@]#"$cut"}")
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace
	return 0
}
complete -o default -F _PROGRAM PROGRAM
`

const zshScript = `#compdef PROGRAM
_PROGRAM() {
	local -a offered going
	offered=("${(@f)$("${words[1]}" ASK -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	offered=(${offered:#})
	if (( ! $#offered )); then
		_files
		return
	fi
	going=(${(M)offered:#*[=.]})
	offered=(${offered:#*[=.]})
	(( $#going )) && compadd -S '' -- $going
	(( $#offered )) && compadd -- $offered
}
compdef _PROGRAM PROGRAM
`

const fishScript = `# fish completion for PROGRAM
function __PROGRAM_offer
	set -l before (commandline -opc)
	set -l offered ($before[1] ASK -- $before[2..-1] (commandline -ct) 2>/dev/null)
	if set -q offered[1]
		printf '%s\n' $offered
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c PROGRAM -f -a '(__PROGRAM_offer)'
`
