// Package importer reads what an engine's release defines (arguments, request
// parameters, environment variables) out of its Python source and writes it
// into the CUE files of package schema.
//
//	record, err := importer.ParseRecord(data)
//	store, err := importer.Open("schema", record.Engine)
//	err = store.Add(record)
//	err = store.Write("schema")
package importer
