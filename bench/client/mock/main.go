// Command mock serves the measuring mock as a process of its own, and writes
// what it saw, one JSON object a request, when it is interrupted.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mlcfg/internal/client/mock"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "mock:", err)
		os.Exit(2)
	}
}

func serve() error {
	var c mock.Config
	address := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	truth := flag.String("truth", "", "`file` for what was seen")
	flag.DurationVar(&c.FirstToken, "first", 0, "time to the first token")
	flag.DurationVar(&c.PerToken, "per-token", 0, "time between tokens")
	flag.Parse()

	s, err := mock.Start(*address, c)
	if err != nil {
		return err
	}
	fmt.Println(s.URL())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	time.Sleep(50 * time.Millisecond) // answers that are just being written
	visits := s.Truth()
	if err := s.Close(); err != nil {
		return err
	}
	if *truth == "" {
		return nil
	}
	f, err := os.Create(*truth)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, v := range visits {
		if err := json.NewEncoder(w).Encode(v); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
