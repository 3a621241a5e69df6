// Command schemaindex writes the index of the schemas, which the programs embed, out of
// the CUE files in a folder:
//
//	schemaindex schema
package main

import (
	"fmt"
	"os"

	"mlcfg/schema/importer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "schemaindex: want the folder of the schemas")
		os.Exit(2)
	}
	if err := importer.WriteIndex(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "schemaindex:", err)
		os.Exit(1)
	}
}
