package throttle

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// The size of a sketch: a key has one cell in each row.
const (
	sketchRows  = 4
	sketchCells = 1 << 16
)

// sketch is a count-min sketch: it counts any number of keys in a fixed memory.
// What it says of a key is never less than its count.
type sketch [sketchRows][sketchCells]uint16

// key is what is counted, as a keyed hash: which cells are whose cannot be
// worked out from outside.
type key [sha256.Size]byte

func (k *key) cell(row int) uint16 { return binary.LittleEndian.Uint16(k[2*row:]) }

// get returns the count of a key.
func (s *sketch) get(k *key) int {
	least := uint16(math.MaxUint16)
	for row := range s {
		least = min(least, s[row][k.cell(row)])
	}
	return int(least)
}

// add adds n to the count of a key. A count that is full stays so; none falls
// below zero.
func (s *sketch) add(k *key, n int) {
	for row := range s {
		cell := &s[row][k.cell(row)]
		*cell = uint16(min(max(int(*cell)+n, 0), math.MaxUint16))
	}
}

// newSecret returns what makes the keys of one process
// its own.
func newSecret() []byte {
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // which never fails
	return secret
}
