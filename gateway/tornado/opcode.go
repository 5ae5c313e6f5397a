package tornado

import (
	"fmt"
	"math"
	"strconv"
)

// The opcodes that make plain data, by the names that pickletools has for them.
const (
	opMark           = '('
	opStop           = '.'
	opPop            = '0'
	opPopMark        = '1'
	opDup            = '2'
	opFloat          = 'F'
	opBinFloat       = 'G'
	opInt            = 'I'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opBinInt2        = 'M'
	opLong           = 'L'
	opNone           = 'N'
	opString         = 'S'
	opBinString      = 'T'
	opShortBinString = 'U'
	opUnicode        = 'V'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opDict           = 'd'
	opAppends        = 'e'
	opGet            = 'g'
	opBinGet         = 'h'
	opLongBinGet     = 'j'
	opList           = 'l'
	opPut            = 'p'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opSetItems       = 'u'
	opEmptyDict      = '}'
	opEmptyList      = ']'
	opEmptyTuple     = ')'

	opProto    = 0x80
	opTuple1   = 0x85
	opTuple2   = 0x86
	opTuple3   = 0x87
	opNewTrue  = 0x88
	opNewFalse = 0x89
	opLong1    = 0x8a
	opLong4    = 0x8b

	opBinBytes      = 'B'
	opShortBinBytes = 'C'

	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opMemoize         = 0x94
	opFrame           = 0x95
	opByteArray8      = 0x96
)

// highest is the last protocol that there is.
const highest = 5

// step runs one opcode but STOP.
func (m *machine) step(code byte) error {
	switch code {
	case opProto:
		return m.proto()
	case opFrame:
		_, err := m.unsigned(8) // how much to read at once; all is here
		return err
	case opMark:
		return m.push(mark{})
	case opPop:
		return m.drop()
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(v)
	case opGet, opBinGet, opLongBinGet, opPut, opBinPut, opLongBinPut, opMemoize:
		return m.remember(code)
	case opList, opDict, opTuple, opTuple1, opTuple2, opTuple3, opAppend, opAppends, opSetItem, opSetItems:
		return m.collect(code)
	case opPersID, opBinPersID, opReduce, opBuild, opGlobal, opInst, opObj, opNewObj, opExt1, opExt2, opExt4, opEmptySet,
		opAddItems, opFrozenSet, opNewObjEx, opStackGlobal, opNextBuffer, opReadonlyBuffer:
		return m.stand(code)
	}
	v, err := m.scalar(code)
	if err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) proto() error {
	n, err := m.byte()
	if err == nil && n > highest {
		err = fmt.Errorf("protocol %d", n)
	}
	return err
}

// drop is POP, which may drop a mark as well.
func (m *machine) drop() error {
	if len(m.stack) == 0 {
		return errUnderflow
	}
	m.stack = m.stack[:len(m.stack)-1]
	return nil
}

// scalar reads a value that stands in the pickle as a whole, or an empty one.
func (m *machine) scalar(code byte) (any, error) {
	switch code {
	case opNone:
		return nil, nil
	case opNewTrue, opNewFalse:
		return code == opNewTrue, nil
	case opEmptyDict:
		return &dict{}, nil
	case opEmptyList:
		return &list{}, nil
	case opEmptyTuple:
		return tuple{}, nil
	case opInt, opBinInt, opBinInt1, opBinInt2, opLong, opLong1, opLong4, opFloat, opBinFloat:
		return m.number(code)
	case opString, opUnicode, opBinString, opShortBinString, opBinUnicode, opShortBinUnicode, opBinUnicode8,
		opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		return m.text(code)
	}
	return nil, fmt.Errorf("%#02x is no opcode", code)
}

// remember is everything that has to do with the memo.
func (m *machine) remember(code byte) error {
	n, err := m.memoNumber(code)
	if err != nil {
		return err
	}
	switch code {
	case opGet, opBinGet, opLongBinGet:
		v, ok := m.memo[n]
		if !ok {
			return fmt.Errorf("nothing is remembered as %d", n)
		}
		return m.push(v)
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	m.memo[n] = v
	return m.count(1)
}

func (m *machine) memoNumber(code byte) (uint64, error) {
	switch code {
	case opBinGet, opBinPut:
		return m.unsigned(1)
	case opLongBinGet, opLongBinPut:
		return m.unsigned(4)
	case opMemoize:
		return uint64(len(m.memo)), nil
	}
	line, err := m.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(line), 10, 64)
	if err != nil || n > math.MaxInt32 {
		return 0, fmt.Errorf("%.20q is no number of what is remembered", line)
	}
	return n, nil
}
