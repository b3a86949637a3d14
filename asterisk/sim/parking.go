package sim

import "strconv"

// parkingTime is the parkingtime of res_parking.conf in seconds. It is told
// in the events; here nobody is called back when it is over.
const parkingTime = 5

// freeSpace returns the first parking space that nobody stands on.
func (s *Server) freeSpace() string {
	for n := 701; ; n++ {
		if space := strconv.Itoa(n); s.world.parked[space] == nil {
			return space
		}
	}
}

// tellParked sends an event of parking; retriever may be nil.
func (s *Server) tellParked(name string, parked, retriever *channel, parker message, waited int) {
	m := event(name, classCall).snapshot("Parkee", parked)
	if retriever != nil {
		m = m.snapshot("Retriever", retriever)
	}
	m = append(m, parker...)
	s.emit(classCall, append(m, message{
		{"Parkinglot", "default"},
		{"ParkingSpace", parked.parked},
		{"ParkingTimeout", strconv.Itoa(parkingTime - waited)},
		{"ParkingDuration", strconv.Itoa(waited)},
	}...))
}
