package tornado

import "fmt"

// The opcodes that name classes, call them and give objects their state. Here
// they only take from the stack what they take in Python, and leave an object.
const (
	opPersID         = 'P'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opBuild          = 'b'
	opGlobal         = 'c'
	opInst           = 'i'
	opObj            = 'o'
	opNewObj         = 0x81
	opExt1           = 0x82
	opExt2           = 0x83
	opExt4           = 0x84
	opEmptySet       = 0x8f
	opAddItems       = 0x90
	opFrozenSet      = 0x91
	opNewObjEx       = 0x92
	opStackGlobal    = 0x93
	opNextBuffer     = 0x97
	opReadonlyBuffer = 0x98
)

// object stands for whatever is no plain data: a class, a function, or what one
// of them would have returned. It holds nothing of that, no name either, so
// that there is nothing to look up or to call.
//
// It has a field, for two of them not to be the same.
type object struct{ _ byte }

// operands are how many values an opcode takes from the stack.
var operands = map[byte]int{
	opBinPersID: 1, opReduce: 2, opNewObj: 2, opNewObjEx: 3, opStackGlobal: 2, opReadonlyBuffer: 1,
	opExt1: 0, opExt2: 0, opExt4: 0, opEmptySet: 0, opNextBuffer: 0, opGlobal: 0, opPersID: 0,
}

// stand puts an object in the place of what an opcode would have made.
func (m *machine) stand(code byte) error {
	switch code {
	case opBuild:
		return m.build()
	case opAddItems:
		if _, err := m.popMark(); err != nil {
			return err
		}
		return m.onObject("items are added to")
	case opObj, opFrozenSet, opInst:
		if _, err := m.popMark(); err != nil {
			return err
		}
	}
	if err := m.skipNames(code); err != nil {
		return err
	}
	for range operands[code] {
		if _, err := m.pop(); err != nil {
			return err
		}
	}
	return m.push(&object{})
}

// skipNames passes over what stands in the pickle behind an opcode.
func (m *machine) skipNames(code byte) error {
	lines, size := 0, uint64(0)
	switch code {
	case opGlobal, opInst:
		lines = 2
	case opPersID:
		lines = 1
	case opExt1:
		size = 1
	case opExt2:
		size = 2
	case opExt4:
		size = 4
	}
	for range lines {
		if _, err := m.line(); err != nil {
			return err
		}
	}
	_, err := m.bytes(size)
	return err
}

// build is BUILD, which gives the object on top of the stack its state.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	return m.onObject("a state is set in")
}

// onObject fails unless there is an object on top of the stack.
func (m *machine) onObject(what string) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := v.(*object); !ok {
		return fmt.Errorf("%s %s", what, kindOf(v))
	}
	return nil
}
