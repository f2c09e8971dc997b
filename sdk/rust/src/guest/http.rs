//! HTTP.

use super::Guest;
use crate::bindings::capstep::step::{http, op};
use crate::error::Error;
use crate::http::{Http, Request, Response};

impl Http for Guest {
    fn start_send(&self, request: &Request) -> Result<op::Op, Error> {
        Ok(http::send(request)?)
    }

    fn response(&self, op: &op::Op) -> Result<Response, Error> {
        Ok(http::response(op)?)
    }
}
