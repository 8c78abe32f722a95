// tests/pch.cpp: the precompiled header that every test reuses is made with this file. Nothing else lives here.
