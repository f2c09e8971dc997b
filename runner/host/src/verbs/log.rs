//! `log`: what people read.

use crate::protocol::{Answer, Call};
use crate::step::Shared;

pub(crate) fn call(shared: &Shared, call: Call) -> Answer {
    match call {
        Call::LogLine { level, message } => shared.voice.message(level, &message),
        Call::LogGroup { title } => shared.voice.group(&title),
        Call::LogEndGroup {} => shared.voice.end_group(),
        Call::LogProgress { progress } => shared.voice.progress(progress),
        Call::LogAnnotate { annotation } => shared.voice.annotate(annotation),
        _ => {}
    }
    Answer::Nothing
}
