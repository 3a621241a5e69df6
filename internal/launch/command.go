package launch

import (
	"path"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
)

// wrappers are programs that start the one behind them. A container's image may stand in their
// options.
var wrappers = []string{
	"env", "nohup", "exec", "sudo", "time", "numactl", "srun", "mpirun", "mpiexec", "timeout", "taskset", "stdbuf", "setsid", "nice", "ionice", "nsys", "ncu", "uv", "uvx", "poetry",
	"conda", "pixi", "singularity", "apptainer", "enroot", "trtllm-llmapi-launch", "command", "catchsegv", "ddtrace-run", "opentelemetry-instrument", "tini", "dumb-init", "screen", "tmux", "ssh", "accelerate", "torchrun",
}

// shells read a script behind -c.
var shells = []string{"bash", "sh", "zsh", "dash", "ksh"}

// containers run an image.
var containers = []string{"docker", "podman", "nerdctl"}

// functionName is what functions of other scripts are called, which start what is behind them.
var functionName = lazyregexp.New(`^[a-z0-9]+(?:_[a-z0-9]+)+$`)

// executors start a program in a container that runs, with exec.
var executors = []string{"docker", "podman", "nerdctl", "kubectl", "oc"}

// remotes take a script as a word of its own, for another machine or another time.
var remotes = []string{"ssh", "pdsh", "pssh", "tmux", "screen", "sbatch", "salloc", "watch"}

// assignment is NAME=VALUE.
var assignment = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*=`)

// withoutWrappers passes over the programs before the one that starts an engine, and returns the
// variables that they set.
func withoutWrappers(words []Word) ([]Word, []Variable) {
	var variables []Variable
	for at := 0; at < len(words); {
		w := words[at]
		name := path.Base(w.Text)
		switch {
		case assignment.MatchString(w.Text):
			key, _, _ := strings.Cut(w.Text, "=")
			variables = append(variables, Variable{Name: key, Pos: w.Pos(), Value: w.From(len(key) + 1)})
			at++
		case w.Many, slices.Contains(wrappers, name), functionName.MatchString(w.Text), slices.Contains(executors, name) && at+1 < len(words) && words[at+1].Text == "exec":
			next := at + 1
			for next < len(words) && !beginsProgram(words[next:]) && !assignment.MatchString(words[next].Text) && !slices.Contains(wrappers, path.Base(words[next].Text)) {
				next++
			}
			if at = next; at == len(words) {
				return words, nil
			}
		default:
			return words[at:], variables
		}
	}
	return words, nil
}

// beginsProgram reports whether words begin with what starts an engine, a script or a container.
func beginsProgram(words []Word) bool {
	texts := make([]string, 0, maxProgramWords)
	for _, w := range words[:min(len(words), maxProgramWords)] {
		texts = append(texts, w.Text)
	}
	b, _, _ := backend.Starts(texts)
	name := path.Base(texts[0])
	return b != nil || slices.Contains(containers, name) && len(texts) > 1 && texts[1] == "run" || slices.Contains(shells, name)
}

// command returns what a command starts: an engine, a shell's script that starts some, or a
// container of an engine's image.
func (f *File) command(words []Word, env []Variable, depth int) []Launch {
	if len(words) == 0 {
		return nil
	}
	image := imageOption(words)
	if l, ok := Command(words); ok {
		if image.Text != "" {
			l.Release = OfImage(l.Backend, image)
		}
		return []Launch{l}
	}
	rest, variables := withoutWrappers(words)
	var found []Launch
	switch name := path.Base(rest[0].Text); {
	case slices.Contains(shells, name):
		script, args, ok := scriptOf(rest[1:])
		if !ok {
			return nil
		}
		found = f.shell(script, append(slices.Clone(env), variables...), depth+1, args...)
	case slices.Contains(remotes, path.Base(words[0].Text)):
		for _, w := range words[1:] {
			if strings.ContainsAny(w.Text, " \n") && mentioned(w.Text) {
				found = append(found, f.shell(withoutWrap(w), env, depth+1)...)
			}
		}
	case name == "eval" && len(rest) == 2:
		found = f.shell(rest[1], env, depth+1)
	case slices.Contains(containers, name) && len(rest) > 1 && rest[1].Text == "run":
		found = f.dockerRun(rest[2:], depth)
	default:
		return nil
	}
	for i := range found {
		if image.Text != "" && found[i].Release.Number == "" {
			found[i].Release = OfImage(found[i].Backend, image)
		}
	}
	return found
}

// withoutWrap is a script behind sbatch's --wrap.
func withoutWrap(w Word) Word {
	if script, ok := strings.CutPrefix(w.Text, "--wrap="); ok {
		return w.From(len(w.Text) - len(script))
	}
	return w
}

// imageOption is the image that a wrapper's option names, as srun's --container-image does.
func imageOption(words []Word) Word {
	for i, w := range words {
		if value, ok := strings.CutPrefix(w.Text, "--container-image="); ok {
			return w.From(len(w.Text) - len(value))
		}
		if w.Text == "--container-image" && i+1 < len(words) {
			return words[i+1]
		}
	}
	return Word{}
}

// scriptOf is the script behind a shell's -c, with the arguments behind it.
func scriptOf(words []Word) (script Word, args []Word, ok bool) {
	for i, w := range words {
		switch {
		case strings.HasPrefix(w.Text, "-") && !strings.HasPrefix(w.Text, "--") && strings.HasSuffix(w.Text, "c"):
			if i+1 < len(words) {
				if len(words) > i+3 {
					args = words[i+3:] // behind the name of the script
				}
				return words[i+1], args, true
			}
		case !strings.HasPrefix(w.Text, "-"):
			return Word{}, nil, false
		}
	}
	return Word{}, nil, false
}

// dockerFlags are the options of docker run that stand alone.
var dockerFlags = []string{"--rm", "-d", "--detach", "-i", "--interactive", "-t", "--tty", "-it", "-ti", "-itd", "-dit", "-td", "-dt", "--privileged", "--init", "--read-only", "-P", "--publish-all", "--no-healthcheck", "--oom-kill-disable", "-q", "--quiet"}

// dockerRun returns what the words behind docker run start.
func (f *File) dockerRun(words []Word, depth int) []Launch {
	c := Container{}
	for at := 0; at < len(words); at++ {
		w := words[at]
		if w.Many {
			continue
		}
		if !strings.HasPrefix(w.Text, "-") {
			c.Image, c.Args = w, words[at+1:]
			break
		}
		flag, _, tied := strings.Cut(w.Text, "=")
		if !tied && slices.Contains(dockerFlags, w.Text) {
			continue
		}
		value := w.From(min(len(flag)+1, len(w.Text)))
		if !tied {
			if at++; at == len(words) {
				return nil
			}
			value = words[at]
		}
		switch flag {
		case "-e", "--env":
			if name, _, ok := strings.Cut(value.Text, "="); ok && assignment.MatchString(value.Text) {
				c.Variables = append(c.Variables, Variable{Name: name, Pos: value.Pos(), Value: value.From(len(name) + 1)})
			}
		case "--entrypoint":
			c.Entrypoint = []Word{value}
		}
	}
	return f.container(c, depth)
}

// Container is a container that a file describes.
type Container struct {
	Image Word
	// Entrypoint takes the place of the image's program where it is not nil, Args that of its
	// arguments.
	Entrypoint, Args []Word
	Variables        []Variable
}

// Container returns what a container starts.
func (f *File) Container(c Container) []Launch { return f.container(c, 0) }

func (f *File) container(c Container, depth int) []Launch {
	var found []Launch
	if c.Entrypoint != nil || startsByItself(c.Args) {
		found = f.command(slices.Concat(c.Entrypoint, c.Args), c.Variables, depth)
	} else if l, ok := InImage(c.Image, c.Args); ok {
		found = []Launch{l}
	}
	for i := range found {
		l := &found[i]
		if of := OfImage(l.Backend, c.Image); l.Release.Number == "" {
			l.Release = of
		}
		all := Launch{}
		all.Set(c.Variables...)
		all.Set(l.Variables...)
		l.Variables = all.Variables
	}
	return found
}

// startsByItself reports whether the arguments of a container name a program, and are not those
// of an engine.
func startsByItself(args []Word) bool {
	if len(args) == 0 {
		return false
	}
	rest, _ := withoutWrappers(args)
	return beginsProgram(rest) || slices.Contains(wrappers, path.Base(args[0].Text))
}
