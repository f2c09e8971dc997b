//! `capstep:step/log`.

use super::bindings::capstep::step::log::{Annotation, Host, Level, StepProgress};
use super::convert;
use super::view::{View, trap};
use crate::protocol::{self, Call};

impl Host for View<'_> {
    async fn line(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.tell(Call::LogLine {
            level: convert::level(level),
            message,
        })
        .await
        .map_err(trap)
    }

    async fn group(&mut self, title: String) -> wasmtime::Result<()> {
        self.tell(Call::LogGroup { title }).await.map_err(trap)
    }

    async fn end_group(&mut self) -> wasmtime::Result<()> {
        self.tell(Call::LogEndGroup {}).await.map_err(trap)
    }

    async fn progress(&mut self, progress: StepProgress) -> wasmtime::Result<()> {
        self.tell(Call::LogProgress {
            progress: convert::progress(progress),
        })
        .await
        .map_err(trap)
    }

    async fn annotate(&mut self, annotation: Annotation) -> wasmtime::Result<()> {
        let Annotation {
            level,
            message,
            file,
            line,
        } = annotation;
        let annotation = protocol::Annotation {
            level: convert::level(level),
            message,
            file,
            line,
        };
        self.tell(Call::LogAnnotate { annotation })
            .await
            .map_err(trap)
    }
}
