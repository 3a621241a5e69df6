// Package gitrev reads a configuration as it was at a git revision. It runs the
// git program, never a shell, and copies the configuration's files of that
// revision into a temporary folder, so that everything that reads files reads
// the base and conf files of the same revision.
//
//	rev, path, ok := gitrev.Split("HEAD~3:models/llama2-70b/offline_mi325x.yaml")
//	tree, err := gitrev.Open(ctx, ".", rev, path)
//	defer tree.Close()
//	use(tree.Path)          // the file, or the folder
//	tree.Name(tree.Path)    // HEAD~3:models/llama2-70b/offline_mi325x.yaml
package gitrev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// The bounds on what is copied out of a revision.
const (
	maxFiles = 50_000
	maxBytes = 512 << 20
)

// kinds are the endings of the files that belong to a configuration.
var kinds = map[string]bool{".yaml": true, ".yml": true, ".json": true, ".conf": true, ".cue": true}

// Split splits REV:PATH as git writes it. ok is false for what has not that
// form; whether there is such a revision shows when it is opened.
func Split(arg string) (rev, path string, ok bool) {
	rev, path, ok = strings.Cut(arg, ":")
	return rev, path, ok && rev != "" && !strings.HasPrefix(rev, "-")
}

// Tree is a part of a repository as it was at a revision.
type Tree struct {
	// Rev is the revision as it was given.
	Rev string
	// Path is the copy of the file, or of the folder, that was asked for.
	Path string

	dir string // the temporary folder, which stands for the repository's top
	top string // the repository's top
}

// Open copies what the configuration at path needs: the folder of the nearest
// config.yaml or common/config.yaml upwards, as it was. A path is relative to
// the repository's top, as git has it; "./" and a path that is only there from
// dir are relative to dir. Close removes the copy.
func Open(ctx context.Context, dir, rev, file string) (*Tree, error) {
	g := git{ctx, dir}
	top, err := g.line("rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	prefix, err := g.line("rev-parse", "--show-prefix")
	if err != nil {
		return nil, err
	}
	commit, err := g.line("rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil || commit == "" {
		return nil, fmt.Errorf("there is no revision %s in %s", rev, top)
	}
	g.dir = top
	files, err := g.list(commit)
	if err != nil {
		return nil, err
	}
	at, ok := files.find(path.Clean(file))
	if strings.HasPrefix(file, ".") || !ok {
		at, ok = files.find(path.Join(prefix, file))
	}
	if !ok {
		return nil, fmt.Errorf("there is no %s at revision %s", file, rev)
	}
	t := &Tree{Rev: rev, top: top}
	if t.dir, err = os.MkdirTemp("", "mlcfg-rev-"); err != nil {
		return nil, fmt.Errorf("copying revision %s: %w", rev, err)
	}
	if t.dir, err = filepath.EvalSymlinks(t.dir); err == nil {
		t.Path = filepath.Join(t.dir, filepath.FromSlash(at))
		err = g.copy(files.below(files.root(at)), t.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("copying revision %s: %w", rev, errors.Join(err, t.Close()))
	}
	return t, nil
}

// Close removes the copy.
func (t *Tree) Close() error { return os.RemoveAll(t.dir) }

// Name is a file of the copy as messages name it, REV:PATH; a file elsewhere
// keeps its name.
func (t *Tree) Name(file string) string {
	if rel, ok := strings.CutPrefix(file, t.dir+string(filepath.Separator)); ok {
		return t.Rev + ":" + filepath.ToSlash(rel)
	}
	return file
}

// Then is where a file of today's working tree lies in the copy. A file that
// the revision does not have, or outside of the repository, stays what it is.
func (t *Tree) Then(file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	rel, err := filepath.Rel(t.top, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return file
	}
	then := filepath.Join(t.dir, rel)
	if _, err := os.Stat(then); err != nil {
		return file
	}
	return then
}

// git runs the program.
type git struct {
	ctx context.Context
	dir string
}

func (g git) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(g.ctx, "git", args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	return cmd
}

func (g git) output(args ...string) ([]byte, error) {
	out, err := g.command(args...).Output()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("git is not installed, a revision cannot be read")
	case errors.As(err, &exit):
		said, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		return nil, fmt.Errorf("git %s: %s", args[0], strings.TrimPrefix(said, "fatal: "))
	case err != nil:
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}

func (g git) line(args ...string) (string, error) {
	out, err := g.output(args...)
	return strings.TrimSuffix(string(out), "\n"), err
}

// blob is a file of a revision.
type blob struct {
	id, path string
	size     int64
}

type blobs []blob

// list returns the configuration's files of a commit. Links are left out.
func (g git) list(commit string) (blobs, error) {
	out, err := g.output("ls-tree", "-r", "-z", "--long", commit)
	if err != nil {
		return nil, err
	}
	return parseTree(out), nil
}

// parseTree reads what ls-tree says.
func parseTree(out []byte) blobs {
	var all blobs
	for record := range bytes.SplitSeq(out, []byte{0}) {
		facts, name, ok := strings.Cut(string(record), "\t")
		words := strings.Fields(facts)
		if !ok || len(words) != 4 || words[1] != "blob" || words[0] == "120000" || !kinds[path.Ext(name)] || !filepath.IsLocal(filepath.FromSlash(name)) {
			continue
		}
		size, err := strconv.ParseInt(words[3], 10, 64)
		if err != nil {
			continue
		}
		all = append(all, blob{words[2], name, size})
	}
	return all
}

// find reports whether a path is a file, or a folder with files.
func (b blobs) find(p string) (string, bool) {
	p = path.Clean(p)
	for _, f := range b {
		if f.path == p || p == "." || strings.HasPrefix(f.path, p+"/") {
			return p, true
		}
	}
	return p, false
}

// root is the folder of the nearest base above a path, the path's own folder
// where there is none.
func (b blobs) root(p string) string {
	has := map[string]bool{}
	for _, f := range b {
		has[f.path] = true
	}
	nearest := path.Dir(p)
	if !has[p] {
		nearest = p
	}
	for dir := nearest; ; dir = path.Dir(dir) {
		if has[path.Join(dir, "config.yaml")] || has[path.Join(dir, "common", "config.yaml")] || has[path.Join(dir, "mlcfg.cue")] {
			nearest = dir
		}
		if dir == "." || dir == "/" {
			return nearest
		}
	}
}

func (b blobs) below(dir string) blobs {
	if dir == "." {
		return b
	}
	var some blobs
	for _, f := range b {
		if strings.HasPrefix(f.path, dir+"/") {
			some = append(some, f)
		}
	}
	return some
}
