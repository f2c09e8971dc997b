//! Running a plugin: engine, limits, compile cache, and the three ways in.
