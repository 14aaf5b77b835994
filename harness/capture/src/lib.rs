//! The recording of a run: format, writer, reader.
