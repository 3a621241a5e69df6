package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSortArgs(t *testing.T) {
	for _, tt := range []struct{ in, want, err string }{
		{"compile x.yaml --backend vllm", "compile --backend=vllm -- x.yaml", ""},
		{"compile x.yaml -b vllm a.b=c -o out", "compile --b=vllm --set=a.b=c --o=out -- x.yaml", ""},
		{"compile --a.b -1 x.yaml --c.d=e=f --set g.h=i", "compile --set=a.b=-1 --set=c.d=e=f --set=g.h=i -- x.yaml", ""},
		{"compile --config-path d --config_name n backend=ray", "compile --config-path=d --config-name=n --backend=ray --", ""},
		{"compile config_path=d config_name=n --set backend=ray", "compile --config-path=d --config-name=n --backend=ray --", ""},
		{"compile --test-mode accuracy --harness-config.target-qps 5", "compile --set=test_mode=accuracy --set=harness_config.target_qps=5 --", ""},
		{"compile test_mode=accuracy dir/a=b.yaml ./c=d", "compile --set=test_mode=accuracy -- dir/a=b.yaml ./c=d", ""},
		{"compile l[0]=1 a.0=2 a.b=", "compile --set=l[0]=1 --set=a.0=2 --set=a.b= --", ""},
		{"lint -- --odd.yaml", "lint -- --odd.yaml", ""},
		{"lint --help x", "lint --help -- x", ""},
		{"lint --backends vllm", "", "lint: there is no flag --backends"},
		{"lint --target-qps=5", "", "lint: there is no flag --target-qps"},
		{"lint -x", "", "lint: there is no flag -x"},
		{"lint --base", "", "lint: --base needs a value"},
		{"lint --a.b --set a.b=c", "", "lint: --a.b needs a value"},
		{"nothing --x", "nothing --x", ""},
		{"", "", ""},
	} {
		a := &app{}
		got, err := sortArgs(append([]string{"mlcfg"}, strings.Fields(tt.in)...), a.commands())
		msg := ""
		if err != nil {
			msg = err.Error()
		} else {
			got = got[1:]
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" || msg != tt.err {
			t.Errorf("%s: error %q\n%s", tt.in, msg, diff)
		}
	}
}

// FuzzSortArgs: whatever is given is kept or refused, nothing panics.
func FuzzSortArgs(f *testing.F) {
	f.Add("compile x.yaml --backend vllm a.b=c")
	f.Add("lint --a.b -1 --set= --=x - -- --")
	f.Fuzz(func(t *testing.T, line string) {
		a := &app{}
		got, err := sortArgs(append([]string{"mlcfg"}, strings.Split(line, " ")...), a.commands())
		if err == nil && len(got) == 0 {
			t.Error("nothing left")
		}
	})
}
