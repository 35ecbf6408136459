"""The wire: REST requests and answers in the Enigma form, read tolerantly."""
