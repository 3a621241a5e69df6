package launch

import (
	"fmt"
	"strings"
	"testing"
)

// show writes launches with the places of their words.
func show(launches []Launch) string {
	var out strings.Builder
	for _, l := range launches {
		fmt.Fprintf(&out, "%d:%d %s", l.Pos.Line, l.Pos.Column, l.Backend.Name)
		if l.Release.Number != "" {
			fmt.Fprintf(&out, " %s", l.Release.Number)
		}
		for _, w := range l.Words {
			text := strings.ReplaceAll(w.Text, Hole, "?")
			if w.Many {
				text = "*"
			}
			fmt.Fprintf(&out, " %s@%d:%d", text, w.Pos().Line, w.Pos().Column)
		}
		for _, v := range l.Variables {
			fmt.Fprintf(&out, " $%s=%s", v.Name, strings.ReplaceAll(v.Value.Text, Hole, "?"))
		}
		out.WriteString("\n")
	}
	return out.String()
}

func TestShell(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"plain", "vllm serve m --port 8000\n", "1:1 vllm m@1:12 --port@1:14 8000@1:21\n"},
		{"continued", "vllm serve m \\\n  --port 8000 > log 2>&1 &\n", "1:1 vllm m@1:12 --port@2:3 8000@2:10\n"},
		{"module", "python3 -m sglang.launch_server --model-path m\n", "1:1 sglang --model-path@1:33 m@1:46\n"},
		{"its own interpreter", `"$PY" -m sglang.launch_server --tp 2` + "\n", "1:2 sglang --tp@1:31 2@1:36\n"},
		{"variables", "TP=4\nvllm serve m -tp $TP --x \"$OUT\" --y=$OUT $ARGS\n", "2:1 vllm m@2:12 -tp@2:14 4@1:4 --x@2:22 ?@2:27 --y=?@2:33 *@2:42\n"},
		{"default", `vllm serve m -tp ${TP:-8}` + "\n", "1:1 vllm m@1:12 -tp@1:14 8@1:24\n"},
		{"environment", "export A=1\nB=2\nC=3 vllm serve m\n", "3:5 vllm m@3:16 $A=1 $C=3\n"},
		{"array", "A=(--a 1)\nA+=(--b \"x y\")\nvllm serve m \"${A[@]}\"\n", "3:1 vllm m@3:12 --a@1:4 1@1:8 --b@2:5 x y@2:10\n"},
		{"string of arguments", "A=\"--a 1\"\nA+=\" --b\"\nvllm serve m $A\n", "3:1 vllm m@3:12 --a@1:4 1@1:8 --b@2:6\n"},
		{"both branches", "if [ $X = 1 ]; then A=(--a); else A=(--b); fi\nvllm serve m \"${A[@]}\"\n", "2:1 vllm m@2:12 --a@1:24\n2:1 vllm m@2:12 --b@1:38\n"},
		{"one condition twice", "if t; then A=1; else A=2; fi\nif t; then B=1; else B=2; fi\nvllm serve m --a $A --b $B\n", "3:1 vllm m@3:12 --a@3:14 1@1:14 --b@3:21 1@2:14\n3:1 vllm m@3:12 --a@3:14 2@1:24 --b@3:21 2@2:24\n"},
		{"what ends is passed by", "if [ -z $X ]; then echo no; exit 1; fi\nvllm serve m\n", "2:1 vllm m@2:12\n"},
		{"case", "case $X in a) A=1;; *) A=2;; esac\nvllm serve m --a $A\n", "2:1 vllm m@2:12 --a@2:14 1@1:17\n2:1 vllm m@2:12 --a@2:14 2@1:26\n"},
		{"function", "run() { vllm serve m --a $1; }\nrun 5\n", "1:9 vllm m@1:20 --a@1:22 5@2:5\n"},
		{"function that nobody calls", "run() { vllm serve m --a $1; }\n", "1:9 vllm m@1:20 --a@1:22 *@1:26\n"},
		{"local array", "f() {\nlocal cmd=(vllm serve m --a 1)\n\"${cmd[@]}\"\n}\nf\n", "2:12 vllm m@2:23 --a@2:25 1@2:29\n"},
		{"eval", "CMD=\"vllm serve m --a $X\"\neval \"$CMD > log 2>&1\" &\n", "1:6 vllm m@1:17 --a@1:19 *@1:23\n"},
		{"bash -c", "bash -c 'vllm serve m --a 1'\n", "1:10 vllm m@1:21 --a@1:23 1@1:27\n"},
		{"wrappers", "nohup env A=1 numactl -N 0 srun --ntasks=1 uv run vllm serve m &\n", "1:51 vllm m@1:62 $A=1\n"},
		{"json", "vllm serve m --c '{\"a\":\"b\"}'\n", "1:1 vllm m@1:12 --c@1:14 {\"a\":\"b\"}@1:19\n"},
		{"a template", "vllm serve {{ $.Values.model }} -tp {{ .tp }} --c '{\"a\": {{ .Values.n }}}' --d={{- .d }}\n", "1:1 vllm *@1:12 -tp@1:33 *@1:37 --c@1:47 {\"a\": ?}@1:52 --d=?@1:76\n"},
		{"images and video", "sglang serve --model-path m --tp 2 --ulysses-degree=2\n", ""},
		{"json with a variable", "vllm serve m --c \"{\\\"a\\\":$N}\"\n", "1:1 vllm m@1:12 --c@1:14 {\"a\":?}@1:19\n"},
		{"document", "C=$(cat <<EOF\n{\"a\": 1}\nEOF\n)\nvllm serve m --c \"$C\"\n", "5:1 vllm m@5:12 --c@5:14 {\"a\": 1}@2:1\n"},
		{"docker run", "docker run --rm --gpus all -e A=1 vllm/vllm-openai:v0.21.0 --model m\n", "1:60 vllm 0.21.0 --model@1:60 m@1:68 $A=1\n"},
		{"docker run of a command", "docker run -it lmsysorg/sglang:v0.5.12-cu130 python3 -m sglang.launch_server --tp 2\n", "1:46 sglang 0.5.12 --tp@1:78 2@1:83\n"},
		{"an image of srun", "srun --container-image=vllm/vllm-openai:v0.21.0 vllm serve m\n", "1:49 vllm 0.21.0 m@1:60\n"},
		{"installed", "pip install -U 'vllm==0.27.1'\nvllm serve m\n", "2:1 vllm 0.27.1 m@2:12\n"},
		{"comment", "# mlcfg: engine=vllm=0.27.1\nvllm serve m\n", "2:1 vllm 0.27.1 m@2:12\n"},
		{"another machine", "ssh host 'cd x; vllm serve m --a 1' &\n", "1:17 vllm m@1:28 --a@1:30 1@1:34\n"},
		{"sbatch", "sbatch -N 1 --wrap=\"vllm serve m\"\n", "1:21 vllm m@1:32\n"},
		{"exec in a container", "docker exec -d c bash -c 'vllm serve m'\nkubectl exec p -- vllm serve n\n", "1:27 vllm m@1:38\n2:19 vllm n@2:30\n"},
		{"a script in a document", "N=3\ncat > run.sh <<EOF\n#!/bin/sh\nexec vllm serve m \\\n  --a $N --b \\$C\nEOF\n", "4:6 vllm m@4:17 --a@5:3 3@1:3 --b@5:10 *@5:15\n"},
		{"quotes in a document", "cat > run.sh <<EOF\nvllm serve m --c \"{\\\"a\\\":1}\" --d \\$HOME\nEOF\n", "2:1 vllm m@2:12 --c@2:14 {\"a\":1}@2:19 --d@2:30 *@2:35\n"},
		{"a document as it stands", "cat > run.sh <<'EOF'\nvllm serve m --d \"\\$X\"\nEOF\n", "2:1 vllm m@2:12 --d@2:14 $X@2:20\n"},
		{"a default beside what the script sets", "N=\"${N:-4}\"\ncase $OFF in yes) N=0 ;; esac\nA=()\nif [ \"$N\" -gt 0 ]; then A=(--x ${N}); fi\nvllm serve m \"${A[@]}\"\n", "5:1 vllm m@5:12\n5:1 vllm m@5:12 --x@4:28 4@1:9\n"},
		{"no launch", "echo vllm serve m\npkill -f \"vllm serve\"\n# vllm serve m\nvllm bench serve --model m\npython3 -m sglang.bench_serving\n", ""},
		{"another program", "vllm serve m --omni\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(Read(NewFile("x.sh", []byte(tt.script)))); got != tt.want {
				t.Errorf("%s\ngives\n%swant\n%s", tt.script, got, tt.want)
			}
		})
	}
}

// FuzzShell holds that no script makes the reader panic, and that each word stands in it.
func FuzzShell(f *testing.F) {
	f.Add("A=(x)\nif a; then vllm serve \"${A[@]}\" --b='c d'; fi\n")
	f.Add("f() { eval \"$1\"; }; f 'docker run vllm/vllm-openai:v0.9.0 -x'")
	f.Add("C=$(cat <<X\n{}\nX\n)\npython -m sglang.launch_server --c \"$C\" ${D:-e}")
	f.Fuzz(func(t *testing.T, script string) {
		file := NewFile("x.sh", []byte("#!/bin/sh\n"+script))
		lines := strings.Count(script, "\n") + 2
		for _, l := range Read(file) {
			for _, w := range l.Words {
				if at := w.Pos(); at.File != "x.sh" || at.Line < 1 || at.Line > lines {
					t.Errorf("%q stands at %v", w.Text, at)
				}
			}
		}
	})
}
