//! What is done with an image and its registry.

use std::sync::Arc;

use capstep_docker::{DockerErrorKind, ImageInfo, Reference, Stage};
use capstep_grants::check::{Act, ImagePermit, Permit};
use serde_json::json;

use super::registry::{Login, login as login_of, registry_of};
use super::{address, error, told};
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, ErrorKind, Image, Label, Transferred};
use crate::step::{Meta, Shared};
use crate::verbs::wrong_permit;

pub(super) fn login(shared: &Arc<Shared>, meta: Meta, registry: String) -> Result<Answer, Fault> {
    let Permit::Registry(permit) = shared.permit(&Act::DockerLogin {
        registry: &registry,
    })?
    else {
        return wrong_permit();
    };
    let Some(login) = login_of(shared, &permit.host, &registry)? else {
        return Err(Fault::error(
            ErrorKind::NotFound,
            format!("no password was handed over for {}", permit.host),
        ));
    };
    let meta = meta
        .under(shared.grants(&[&registry]))
        .using(shared.secret_names([login.password.as_str()]));
    let handle = shared.start(meta, move |shared, _, _| async move {
        address::judge(&shared, &permit.host, &registry).await?;
        let engine = shared.docker.engine().await?;
        engine
            .login(&login.credentials)
            .await
            .map_err(error::fault)?;
        Ok((Outcome::Nothing, json!({ "registry": permit.host })))
    })?;
    Ok(Answer::Handle(handle))
}

/// A permitted image, and the login for its registry where one was handed over.
struct Moved {
    permit: ImagePermit,
    login: Option<Login>,
    meta: Meta,
}

/// Asks for an image on its way from or to its registry; `act` is the same act with and without the login.
fn moved(
    shared: &Arc<Shared>,
    meta: Meta,
    image: &str,
    act: impl for<'a> Fn(&'a str, Option<&'a str>) -> Act<'a>,
) -> Result<Moved, Fault> {
    let Permit::Image(permit) = shared.permit(&act(image, None))? else {
        return wrong_permit();
    };
    let registry = registry_of(shared, &permit.image.registry);
    let login = match &registry {
        None => None,
        Some(registry) => {
            let Permit::Image(ImagePermit {
                login: Some(allowed),
                ..
            }) = shared.permit(&act(image, Some(registry)))?
            else {
                return wrong_permit();
            };
            login_of(shared, &allowed.host, registry)?
        }
    };
    let grants: Vec<&str> = std::iter::once(image).chain(registry.as_deref()).collect();
    let secrets = login.iter().map(|login| login.password.as_str());
    let meta = meta
        .under(shared.grants(&grants))
        .using(shared.secret_names(secrets));
    Ok(Moved {
        permit,
        login,
        meta,
    })
}

pub(super) fn pull(shared: &Arc<Shared>, meta: Meta, image: String) -> Result<Answer, Fault> {
    let Moved {
        permit,
        login,
        meta,
    } = moved(shared, meta, &image, |image, registry| Act::DockerPull {
        image,
        registry,
    })?;
    let handle = shared.start(meta, move |shared, reporter, operation| async move {
        address::judge(&shared, &permit.image.registry, &permit.grant).await?;
        let engine = shared.docker.engine().await?;
        let reference = reference(Stage::Pull, &permit)?;
        let listener = told::layers(&shared, &reporter);
        let credentials = login.as_ref().map(|login| &login.credentials);
        let pulled = engine
            .pull(
                &reference,
                None,
                credentials,
                &listener,
                &operation.token(),
            )
            .await
            .map_err(error::fault)?;
        let transferred = Transferred {
            reference: reference.to_string(),
            digest: pulled.digest,
            image: Some(pulled.id),
        };
        let summary = json!({ "image": transferred.image, "digest": transferred.digest, "changed": pulled.changed });
        Ok((Outcome::Transferred(transferred), summary))
    })?;
    Ok(Answer::Handle(handle))
}

pub(super) fn push(shared: &Arc<Shared>, meta: Meta, image: String) -> Result<Answer, Fault> {
    let Moved {
        permit,
        login,
        meta,
    } = moved(shared, meta, &image, |image, registry| Act::DockerPush {
        image,
        registry,
    })?;
    let handle = shared.start(meta, move |shared, reporter, operation| async move {
        address::judge(&shared, &permit.image.registry, &permit.grant).await?;
        let engine = shared.docker.engine().await?;
        let reference = reference(Stage::Push, &permit)?;
        let listener = told::layers(&shared, &reporter);
        let credentials = login.as_ref().map(|login| &login.credentials);
        let pushed = engine
            .push(&reference, credentials, &listener, &operation.token())
            .await
            .map_err(error::fault)?;
        let transferred = Transferred {
            reference: pushed.reference,
            digest: Some(pushed.digest),
            image: None,
        };
        let summary = json!({ "reference": transferred.reference, "digest": transferred.digest });
        Ok((Outcome::Transferred(transferred), summary))
    })?;
    Ok(Answer::Handle(handle))
}

pub(super) fn tag(
    shared: &Arc<Shared>,
    meta: Meta,
    source: &str,
    image: String,
) -> Result<Answer, Fault> {
    let Permit::Tag {
        source: from,
        image: name,
    } = shared.permit(&Act::DockerTag {
        source,
        image: &image,
    })?
    else {
        return wrong_permit();
    };
    let meta = meta.under(shared.grants(&[source, &image]));
    let handle = shared.start(meta, move |shared, _, _| async move {
        let engine = shared.docker.engine().await?;
        engine
            .tag(&from.image.to_string(), &reference(Stage::Tag, &name)?)
            .await
            .map_err(error::fault)?;
        let summary = json!({ "source": from.image.to_string(), "image": name.image.to_string() });
        Ok((Outcome::Nothing, summary))
    })?;
    Ok(Answer::Handle(handle))
}

pub(super) fn inspect(shared: &Arc<Shared>, meta: Meta, image: String) -> Result<Answer, Fault> {
    let Permit::Image(permit) = shared.permit(&Act::DockerInspect { image: &image })? else {
        return wrong_permit();
    };
    let meta = meta.under(shared.grants(&[&image]));
    let handle = shared.start(meta, move |shared, _, _| async move {
        let engine = shared.docker.engine().await?;
        let found = match engine.inspect(&permit.image.to_string()).await {
            Ok(found) => Some(described(&shared, found)),
            Err(wrong) if wrong.kind == DockerErrorKind::NotFound => None,
            Err(wrong) => return Err(error::fault(wrong)),
        };
        let summary = json!({ "image": found.as_ref().map(|found| &found.image) });
        Ok((Outcome::Inspected(found), summary))
    })?;
    Ok(Answer::Handle(handle))
}

fn reference(stage: Stage, permit: &ImagePermit) -> Result<Reference, Fault> {
    Reference::parse(stage, &permit.image.to_string()).map_err(error::fault)
}

/// What a plugin may know of an image. Labels are a stranger's text, and masked like any other.
fn described(shared: &Shared, info: ImageInfo) -> Image {
    let created = info
        .created
        .parse::<jiff::Timestamp>()
        .ok()
        .and_then(|time| u64::try_from(time.as_nanosecond()).ok());
    let masked = |text: &str| shared.masker.mask_str(text).into_owned();
    Image {
        image: info.id,
        digests: info.digests,
        size: info.size,
        created,
        os: info.os,
        architecture: info.architecture,
        labels: info
            .labels
            .iter()
            .map(|(name, value)| Label {
                name: masked(name),
                value: masked(value),
            })
            .collect(),
    }
}
