package main

import (
	"github.com/urfave/cli/v2"

	"mlcfg/internal/loadgen"
)

const usage = "run the benchmark that a manifest describes"

// about is the text of the manual page.
const about = `mlrun runs manifests, which mlcfg compile writes, and nothing else: environment, power
script, engines, scenario with the exact semantics of MLPerf LoadGen, report.

  mlcfg compile models/llama2-70b/offline_mi325x.yaml --backend vllm | mlrun run -`

// values are what completion offers for flags.
func values(_ *cli.Command, flag, _ string) []string {
	switch flag {
	case "scenario":
		return []string{"offline", "server", "singlestream", "multistream"}
	case "mode":
		return []string{"performance", "accuracy", "submission"}
	case "on":
		return []string{"slurm"}
	case "round":
		return loadgen.Rounds()
	}
	return nil
}
