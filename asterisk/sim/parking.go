package sim

import "strconv"

// parkingTime is the parkingtime of res_parking.conf in seconds. It is told
// in the events; here nobody is called back when it is over.
const parkingTime = 5

// freeSpace returns the first parking space that nobody stands on.
func (w *world) freeSpace() string {
	for n := 701; ; n++ {
		if space := strconv.Itoa(n); w.parked[space] == nil {
			return space
		}
	}
}

// tellParked sends an event of parking; retriever may be nil.
func (ch *channel) tellParked(name string, retriever *channel, parker message, waited int) {
	m := event(name, classCall).snapshot("Parkee", ch)
	if retriever != nil {
		m = m.snapshot("Retriever", retriever)
	}
	m = append(m, parker...)
	ch.w.s.emit(classCall, append(m, message{
		{"Parkinglot", "default"},
		{"ParkingSpace", ch.parked},
		{"ParkingTimeout", strconv.Itoa(parkingTime - waited)},
		{"ParkingDuration", strconv.Itoa(waited)},
	}...))
}
