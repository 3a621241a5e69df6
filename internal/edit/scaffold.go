package edit

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed all:files
var embedded embed.FS

// Names are what the files are made for. All are needed.
type Names struct {
	// Benchmark is LoadGen's name of it, Machine that of the overlay's file.
	Benchmark, Machine string
	// VLLM and SGLang are releases, Round that of MLPerf.
	VLLM, SGLang, Round string
}

// File is one file of a scaffold.
type File struct {
	// Path is relative, with slashes.
	Path string
	Data []byte
}

// Files returns the files, sorted by path.
func Files(n Names) ([]File, error) {
	values := strings.NewReplacer("{{benchmark}}", n.Benchmark, "{{machine}}", n.Machine,
		"{{vllm}}", n.VLLM, "{{sglang}}", n.SGLang, "{{round}}", n.Round)
	paths := strings.NewReplacer(
		"models/offline.yaml", "models/"+n.Benchmark+"/offline_"+n.Machine+".yaml",
		"conf/user.conf", "conf/user_"+n.Machine+".conf")
	var files []File
	err := fs.WalkDir(embedded, "files", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(embedded, path)
		if err == nil {
			files = append(files, File{paths.Replace(strings.TrimPrefix(path, "files/")), []byte(values.Replace(string(data)))})
		}
		return err
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}
