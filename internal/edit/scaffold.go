package edit

import (
	"embed"
	"io/fs"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
)

//go:embed all:files
var embedded embed.FS

// Names are what the files are made for. All are needed.
type Names struct {
	// Benchmark is LoadGen's name of it, Machine that of the overlay's file.
	Benchmark, Machine string
	// Own reports whether no round of MLPerf has the benchmark, so that nobody but
	// its user.conf sets limits for it.
	Own bool
	// VLLM and SGLang are releases, Round that of MLPerf.
	VLLM, SGLang, Round string
}

// File is one file of a scaffold.
type File struct {
	// Path is relative, with slashes.
	Path string
	Data []byte
}

// ownLimits are the lines that the user.conf of one's own model needs besides. As
// they are, a server run takes a minute, and has queries enough for percentile 99.
const ownLimits = `
# No round of MLPerf has {{benchmark}}, so that its limits are set here. Without them a server
# run is held to 10 ms from request to last token, LoadGen's limit for all that it does not know.
# At percentile 99, in milliseconds: the time to the first token, and that of each token after it.
{{benchmark}}.Server.use_token_latencies = 1
{{benchmark}}.Server.ttft_latency = 2000
{{benchmark}}.Server.tpot_latency = 200

# A run lasts as long at least, in milliseconds (MLPerf: 600000), and has as many queries at least.
{{benchmark}}.*.min_duration = 60000
{{benchmark}}.*.min_query_count = 500
`

// machineDevices finds the number of devices in a machine's name, as h100x2 has it.
var machineDevices = lazyregexp.New(`x([1-9][0-9]{0,2})$`)

// devicesOf returns how many devices a machine has by its name, and 8 where that does not say.
func devicesOf(machine string) string {
	if m := machineDevices.FindStringSubmatch(machine); m != nil {
		return m[1]
	}
	return "8"
}

// Files returns the files, sorted by path.
func Files(n Names) ([]File, error) {
	values := strings.NewReplacer("{{benchmark}}", n.Benchmark, "{{machine}}", n.Machine, "{{devices}}", devicesOf(n.Machine),
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
			if path == "files/conf/user.conf" && n.Own {
				data = append(data, ownLimits...)
			}
			files = append(files, File{paths.Replace(strings.TrimPrefix(path, "files/")), []byte(values.Replace(string(data)))})
		}
		return err
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}
