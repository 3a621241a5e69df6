package main

import (
	"fmt"
	"strings"
)

// line is an outcome for a terminal.
func (o *outcome) line() string {
	if o.skipped != "" {
		return fmt.Sprintf("%-60s SKIPPED: %s", o.name, o.skipped)
	}
	return fmt.Sprintf("%-60s %s, finished %d, recorded %d, lost %d, left %d, %d MiB: %s", o.name, o.status(), o.finished, o.kept, o.lost, len(o.left), o.memory, o.message)
}

// status is the exit status in words.
func (o *outcome) status() string {
	if o.exit < 0 {
		return fmt.Sprintf("signal %d", -o.exit)
	}
	return fmt.Sprintf("exit %d", o.exit)
}

// summary counts outcomes.
func summary(outcomes []outcome) string {
	var tried, skipped, finished, kept, excused, lost, left, wrong int
	for i := range outcomes {
		o := &outcomes[i]
		if o.skipped != "" {
			skipped++
			continue
		}
		tried++
		finished, kept, excused, lost, left = finished+o.finished, kept+o.kept, excused+o.excused, lost+o.lost, left+len(o.left)
		wrong += len(o.complaints)
	}
	return fmt.Sprintf("%d faults tried, %d skipped; %d requests finished, %d recorded, %d excused, %d lost; %d processes left; %d things wrong", tried, skipped, finished, kept, excused, lost, left, wrong)
}

// row is an outcome as a row of the table in the documentation. counts puts the
// numbers of finished requests in, which differ from one try to the next.
func (o *outcome) row(counts bool) string {
	if o.skipped != "" {
		return fmt.Sprintf("| %s | skipped: %s |", cell(o.name), cell(o.skipped))
	}
	finished, recorded := "", ""
	if counts {
		finished, recorded = fmt.Sprint(o.finished), fmt.Sprint(o.kept)
	}
	lost := fmt.Sprint(o.lost)
	if o.excuse != "" {
		lost += ", but " + o.excuse
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %d |", cell(o.name), o.status(), cell(o.message), finished, recorded, lost, len(o.left))
}

func cell(text string) string {
	text = strings.ReplaceAll(text, "|", `\|`)
	return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(text)
}

func table(outcomes []outcome) string {
	var b strings.Builder
	b.WriteString("| what is done | mlrun ends with | what is said | finished | recorded | lost | processes left |\n| --- | --- | --- | ---: | ---: | --- | ---: |\n")
	for i := range outcomes {
		b.WriteString(outcomes[i].row(true) + "\n")
	}
	return b.String() + "\n" + summary(outcomes) + ".\n"
}

// rowOf is the row of a fault in a table, without the numbers that differ from
// one try to the next; empty where there is none.
func rowOf(table, name string) string {
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), " | ")
		if cells[0] != "| "+cell(name) {
			continue
		}
		if len(cells) == 7 {
			cells[3], cells[4] = "", ""
		}
		return strings.Join(cells, " | ")
	}
	return ""
}
