// Package mlcfg is the module of two programs: mlcfg compiles the configuration
// of LLM inference benchmarks into manifests, mlrun executes manifests.
//
// The way of the data, and the room for each step:
//
//	source → merge → check with schema → compile → manifest   (mlcfg)
//	manifest → run: engine, client, loadgen, dataset → record → report   (mlrun)
//
// docs/development.md says what each package is for and where something new goes.
package mlcfg
