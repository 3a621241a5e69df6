package mlcfg_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// typed is a command of the README with the first line that is shown below it.
type typed struct{ command, shows string }

// TestReadme types the README from top to bottom into one shell, in a fresh clone: every
// command of its fences, each file between them. A command has to work (an INVALID run and a
// lint that finds something have status 1) and print the line that the page shows first.
// A fence after <!-- not typed: REASON --> is left out.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, commands := typeOut(t, string(page))
	cmd := exec.Command("bash", "--noprofile", "--norc", "-c", script)
	cmd.Dir = snapshot(t, ".")
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	parts := strings.Split(string(out), "\n@@ ")
	if len(parts) != len(commands)+1 {
		t.Fatalf("%d of %d commands ran:\n%s", len(parts)-1, len(commands), out)
	}
	for i, c := range commands {
		status, _, _ := strings.Cut(parts[i+1], "\n")
		_, printed, _ := strings.Cut(parts[i], "\n")
		if n, err := strconv.Atoi(status); err != nil || n > 1 || n > 0 && strings.HasPrefix(c.command, "make ") {
			t.Errorf("$ %s\nhas status %s:\n%s", c.command, status, printed)
		}
		if !containsLine("\n"+printed+"\n", c.shows) {
			t.Errorf("$ %s\ndoes not print %q:\n%s", c.command, c.shows, printed)
		}
	}
	if demo := regexp.MustCompile(`(?m)^report: (demo-runs/\S+\.html)$`).FindSubmatch(out); demo == nil {
		t.Errorf("make demo does not end with its report:\n%s", out)
	} else if _, err := os.Stat(filepath.Join(cmd.Dir, string(demo[1]))); err != nil {
		t.Error(err)
	}
}

// passing is what may differ between two runs of one command: times, and digests, which the
// page cuts short.
var passing = regexp.MustCompile(`\d+\.\d+s|sha256:\S+`)

// containsLine reports whether a line was printed, whatever its time or digest.
func containsLine(printed, line string) bool {
	return line == "" || strings.Contains(passing.ReplaceAllString(printed, "*"), "\n"+passing.ReplaceAllString(line, "*")+"\n")
}

// typeOut makes a script of a page, and the list of its commands. The script prints
// "@@ STATUS" after each.
func typeOut(t *testing.T, page string) (script string, commands []typed) {
	t.Helper()
	var b strings.Builder
	b.WriteString("echo\n")
	fence, info, before := false, "", ""
	wantsOutput := false
	add := func(command string) {
		commands = append(commands, typed{command: command})
		fmt.Fprintf(&b, "%s\nprintf '\\n@@ %%d\\n' $?\n", command)
	}
	for line := range strings.Lines(page) {
		text := strings.TrimSuffix(line, "\n")
		rest, isFence := strings.CutPrefix(text, "```")
		name, _, isFile := strings.Cut(info, " file=")
		skipped := strings.HasPrefix(before, "<!-- not typed: ")
		switch {
		case isFence && !fence:
			fence, info, wantsOutput = true, rest, false
			if _, file, ok := strings.Cut(rest, " file="); ok {
				fmt.Fprintf(&b, "mkdir -p %q\ncat > %q <<'@@END'\n", filepath.Dir(file), file)
			}
			continue
		case isFence:
			if isFile {
				b.WriteString("@@END\n")
			}
			fence, info, before = false, "", ""
		case fence && isFile:
			b.WriteString(line)
		case fence && skipped:
		case fence && strings.HasPrefix(text, "$ "):
			add(text[2:])
			wantsOutput = true
		case fence && name == "sh":
			add(text)
		case fence && wantsOutput:
			commands[len(commands)-1].shows, wantsOutput = text, false
		case strings.HasPrefix(text, "    ") && before == "":
			t.Errorf("a block of the README without a fence is not typed: %q", text)
		default:
			before = text
		}
	}
	return b.String(), commands
}
