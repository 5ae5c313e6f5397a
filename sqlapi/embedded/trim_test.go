//go:build !noembedded && linux

package embedded

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestUnchanged(t *testing.T) {
	entry := func(header, anonymous string) string {
		return header + "\nSize:  8 kB\nRss:  8 kB\nAnonymous:  " + anonymous + " kB\nVmFlags: rd mr\n"
	}
	f := func(smaps string, want ...mapping) {
		t.Helper()
		if got := unchanged(smaps, "/opt/a b"); !reflect.DeepEqual(got, want) {
			t.Errorf("got %x, want %x, of\n%s", got, want, smaps)
		}
	}
	code := "00400000-00402000 r-xp 00000000 fe:00 123    /opt/a b"
	f("")
	f("nonsense\n-\n- - - - - -\n")
	f(entry(code, "0"), mapping{0x400000, 0x402000})
	f(entry(code, "4"))                                                         // a breakpoint, or a relocated table
	f(entry("00400000-00402000 rw-p 00000000 fe:00 123    /opt/a b", "0"))      // data
	f(entry("00400000-00402000 r-xs 00000000 fe:00 123    /opt/a b", "0"))      // shared
	f(entry("00400000-00402000 r-xp 00000000 fe:00 123    /opt/other", "0"))    // a library
	f(entry("00400000-00402000 r--p 00000000 00:00 0", "0"))                    // no file
	f(entry(code, "4") + entry("00500000-00502000 r--p 00000000 00:00 0", "0")) // the second is not the first
	f(entry(code, "0")+entry("00500000-00502000 r--p 00100000 fe:00 123 /opt/a b", "0"),
		mapping{0x400000, 0x402000}, mapping{0x500000, 0x502000})
}

func TestTrim(t *testing.T) {
	before := residentFile(t)
	if err := Trim(); err != nil {
		t.Fatalf("Trim: %v", err)
	}
	after := residentFile(t)
	if after >= before {
		t.Errorf("the program has %d kB of its file in memory after Trim, before it had %d", after, before)
	}
	// What was given back must come again: this needs code and constants.
	e, err := Open("create table a (b int); insert into a values (1)")
	if err != nil {
		t.Fatalf("Open after Trim: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// residentFile returns how many kB of files the process has in memory.
func residentFile(t *testing.T) (kB int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	if _, err := fmt.Sscan(rest, &kB); err != nil {
		t.Fatalf("read RssFile: %v", err)
	}
	return kB
}
