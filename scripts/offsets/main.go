// SPDX-License-Identifier: GPL-2.0-only

// offsets prints one row of target/go_offsets_table.inc: the offsets of the runtime's struct fields in a Go binary, from its
// DWARF. The list of fields is the X-macro GO_OFFSETS in target/go_binary.h.
//
//	offsets HEADER BINARY
package main

import (
	"debug/buildinfo"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"regexp"
	"strings"
)

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "offsets:", err)
	os.Exit(1)
}

// find descends "a.b.c" through structs; -1 if a field is missing.
func find(t dwarf.Type, path []string) int64 {
	for {
		if td, ok := t.(*dwarf.TypedefType); ok {
			t = td.Type
			continue
		}
		break
	}
	st, ok := t.(*dwarf.StructType)
	if !ok {
		return -1
	}
	for _, f := range st.Field {
		if f.Name != path[0] {
			continue
		}
		if len(path) == 1 {
			return f.ByteOffset
		}
		if off := find(f.Type, path[1:]); off >= 0 {
			return f.ByteOffset + off
		}
	}
	return -1
}

func main() {
	header, err := os.ReadFile(os.Args[1])
	if err != nil {
		fatal(err)
	}
	f, err := elf.Open(os.Args[2])
	if err != nil {
		fatal(err)
	}
	info, err := buildinfo.ReadFile(os.Args[2])
	if err != nil {
		fatal(err)
	}
	data, err := f.DWARF()
	if err != nil {
		fatal(err)
	}
	types := map[string]dwarf.Type{}
	r := data.Reader()
	for {
		e, err := r.Next()
		if err != nil {
			fatal(err)
		}
		if e == nil {
			break
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		want := ""
		switch {
		case e.Tag == dwarf.TagStructType && strings.HasPrefix(name, "runtime."):
			want = strings.TrimPrefix(name, "runtime.")
			if types[want] == nil {
				if types[want], err = data.Type(e.Offset); err != nil {
					fatal(err)
				}
			}
		case e.Tag == dwarf.TagVariable && name == "runtime.debug":
			if off, ok := e.Val(dwarf.AttrType).(dwarf.Offset); ok {
				if types["debug"], err = data.Type(off); err != nil {
					fatal(err)
				}
			}
		}
	}

	version := strings.Fields(info.GoVersion)[0]
	var minor int
	if _, err := fmt.Sscanf(version, "go1.%d", &minor); err != nil {
		fatal(err)
	}
	fmt.Printf("\t{%d, \"%s\", /* %s */\n\t {", minor, version, f.Machine)
	entries := regexp.MustCompile(`X\((\w+), "([\w.|]+)"\)`).FindAllStringSubmatch(string(header), -1)
	if len(entries) == 0 {
		fatal(fmt.Errorf("no GO_OFFSETS in %s", os.Args[1]))
	}
	for i, m := range entries {
		off := int64(-1)
		for _, name := range strings.Split(m[2], "|") {
			path := strings.Split(name, ".")
			if t := types[path[0]]; t != nil && off < 0 {
				off = find(t, path[1:])
			}
		}
		if i > 0 {
			fmt.Print(", ")
		}
		if off < 0 {
			fmt.Printf(".%s = GO_OFF_NONE", m[1])
		} else {
			fmt.Printf(".%s = %d", m[1], off)
		}
	}
	fmt.Println("}},")
}
