package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mlcfg/tools/docmark"
)

const page = "../../docs/reliability.md"

// TestFaults tries the short faults with the real program and holds the
// documentation against what happens.
func TestFaults(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("SKIPPED: it builds mlrun and runs it for half a minute, on Linux")
	}
	if raceDetector {
		t.Skip("SKIPPED: mlrun is built without the race detector, so go test alone tries it")
	}
	dir := t.TempDir()
	mlrun := filepath.Join(dir, "mlrun")
	if out, err := exec.Command("go", "build", "-o", dir, "mlcfg/cmd/mlrun", "mlcfg/cmd/mlcfg").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: the programs cannot be built here: %v\n%s", err, out)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	table, err := docmark.Part(string(text), "faults")
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(mlrun, dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range faults() {
		documented := rowOf(table, f.name)
		if documented == "" {
			t.Errorf("%s does not tell of %q; renew it with make faults", page, f.name)
		}
		if !f.short {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			o, err := b.try(context.Background(), &f, filepath.Join(dir, fmt.Sprint(i)))
			if err != nil {
				t.Fatal(err)
			}
			if o.skipped != "" {
				t.Skip("SKIPPED: " + o.skipped)
			}
			for _, complaint := range o.complaints {
				t.Error(complaint)
			}
			if got := rowOf(o.row(true), f.name); got != documented && !strings.Contains(documented, "| skipped:") && len(o.complaints) == 0 {
				t.Errorf("%s says otherwise; renew it with make faults\ngot  %s\nwant %s", page, got, documented)
			}
		})
	}
}

// A loss, a process that is left and a wrong end are seen.
func TestJudge(t *testing.T) {
	b := &bench{dir: t.TempDir()}
	lines := `{"prompt":[1000,5],"tokens":3}` + "\n" + `{"prompt":[1003],"tokens":3}` + "\n" + `{"prompt":[7],"tokens":3}` + "\n" + `{"prom`
	if err := os.WriteFile(b.path(finishedName), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	f := fault{name: "x", exit: 1, says: "because"}
	o := outcome{exit: 2, left: []string{"sleep 600"}}
	c := &command{}
	c.stderr.WriteString("mlrun    1.0s  starting\nmlrun: it failed after 12.5s on 127.0.0.1:80:\n  - no disk\n")
	if err := b.judge(&f, c, &o); err != nil {
		t.Fatal(err)
	}
	if o.finished != 2 || o.lost != 2 || o.kept != 0 || len(o.complaints) != 4 {
		t.Errorf("%+v", o)
	}
	if o.message != "it failed after N on 127.0.0.1:N: no disk" {
		t.Errorf("%q", o.message)
	}
	o.complaints = nil
	row := o.row(true)
	if got := rowOf("| a |\n"+row+"\n", o.name); got == row || got != o.row(false) {
		t.Errorf("%q of %q", got, row)
	}
}

// To kill(2), 0 is the caller's own group, which the campaign once killed with
// everything that had started it.
func TestSendToNoProcess(t *testing.T) {
	for _, pid := range []int{0, -1} {
		if err := send(pid, 0); err == nil {
			t.Errorf("process %d was signalled", pid)
		}
	}
}
