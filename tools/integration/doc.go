// Package integration holds mlcfg and mlrun against real inference engines on
// the CPU: its tests compile the overlays of testdata, let mlrun start vLLM and
// SGLang with a tiny model, and look at what is left behind. They need the folder
// that scripts/engines.sh fills, named by ENGINES; without it they are skipped.
//
//	make engines integration
//
// Nothing here is ever run on the simulated engine.
package integration
