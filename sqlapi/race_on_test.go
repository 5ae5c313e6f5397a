//go:build race

package sqlapi

const raceEnabled = true
