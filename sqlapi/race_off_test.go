//go:build !race

package sqlapi

const raceEnabled = false
