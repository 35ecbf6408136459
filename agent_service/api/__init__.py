"""The wire: REST and Socket.IO in the Enigma form, read tolerantly."""
