package wire

import (
	"encoding/binary"
	"strconv"
)

// appendDate appends a binary date as YYYY-MM-DD; the zero date comes empty.
func appendDate(dst, p []byte) []byte {
	var year uint64
	var month, day byte
	if len(p) >= 4 {
		year, month, day = uint64(binary.LittleEndian.Uint16(p)), p[2], p[3]
	}
	dst = appendPadded(dst, year, 4)
	dst = appendTwo(append(dst, '-'), month)
	return appendTwo(append(dst, '-'), day)
}

// appendDatetime appends a binary DATETIME or TIMESTAMP as YYYY-MM-DD HH:MM:SS
// and the column's fraction of a second.
func appendDatetime(dst, p []byte, decimals uint8) []byte {
	dst = append(appendDate(dst, p), ' ')
	var clock [3]byte
	if len(p) >= 7 {
		copy(clock[:], p[4:7])
	}
	var micros uint32
	if len(p) >= 11 {
		micros = binary.LittleEndian.Uint32(p[7:])
	}
	dst = appendTwo(dst, clock[0])
	return appendMinutes(dst, clock[1], clock[2], micros, decimals)
}

// appendTime appends a binary TIME as [-]HH:MM:SS, its days turned into hours,
// and the column's fraction of a second.
func appendTime(dst, p []byte, decimals uint8) []byte {
	var hours uint64
	var clock [3]byte
	var micros uint32
	if len(p) >= 8 {
		if p[0] != 0 {
			dst = append(dst, '-')
		}
		hours = 24 * uint64(binary.LittleEndian.Uint32(p[1:]))
		copy(clock[:], p[5:8])
	}
	if len(p) >= 12 {
		micros = binary.LittleEndian.Uint32(p[8:])
	}
	dst = appendPadded(dst, hours+uint64(clock[0]), 2)
	return appendMinutes(dst, clock[1], clock[2], micros, decimals)
}

func appendMinutes(dst []byte, minute, second byte, micros uint32, decimals uint8) []byte {
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	if decimals == 0 || decimals > 6 {
		return dst
	}
	dst = append(dst, '.')
	start := len(dst)
	dst = appendPadded(dst, uint64(micros), 6)
	return dst[:start+int(decimals)]
}

// appendTwo appends n with at least two digits.
func appendTwo(dst []byte, n byte) []byte {
	if n >= 100 { // no server's date
		return strconv.AppendUint(dst, uint64(n), 10)
	}
	return append(dst, '0'+n/10, '0'+n%10)
}

// appendPadded appends n with at least width digits.
func appendPadded(dst []byte, n uint64, width int) []byte {
	start := len(dst)
	return padZeros(strconv.AppendUint(dst, n, 10), start, width)
}
