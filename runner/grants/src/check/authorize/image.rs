//! Images, registries and builds.

use super::Decision;
use crate::authority::Authority;
use crate::check::permit::{ImagePermit, RegistryPermit};
use crate::check::{Permit, Refusal, Rule};
use crate::manifest::Access;

/// Each access to an image lets the plugin look at it.
pub(super) const ANY: [Access; 3] = [Access::Pull, Access::Build, Access::Push];

impl Decision<'_> {
    pub(super) fn registry(&self, at: &str) -> Result<RegistryPermit, Refusal> {
        let grant = self.grant(at, &[Access::Login])?;
        match &grant.authority {
            Some(Authority::Registry { host }) => Ok(RegistryPermit {
                grant: at.to_owned(),
                host: host.clone(),
                place: grant.place.clone(),
            }),
            _ => Err(self.no_authority(at, "a registry")),
        }
    }

    pub(super) fn image(&self, at: &str, accesses: &[Access]) -> Result<ImagePermit, Refusal> {
        let grant = self.grant(at, accesses)?;
        match &grant.authority {
            Some(Authority::Image { image }) => Ok(ImagePermit {
                grant: at.to_owned(),
                image: image.clone(),
                login: None,
                place: grant.place.clone(),
            }),
            _ => Err(self.no_authority(at, "an image")),
        }
    }

    /// An image on its way from or to its registry. Credentials are for images of their own host alone.
    pub(super) fn transferred(
        &self,
        at: &str,
        access: Access,
        registry: Option<&str>,
    ) -> Result<ImagePermit, Refusal> {
        let mut permit = self.image(at, &[access])?;
        let Some(registry) = registry else {
            return Ok(permit);
        };
        let login = self.registry(registry)?;
        if login.host != permit.image.registry {
            return Err(self.deny(
                Rule::OtherTarget,
                at,
                format!(
                    "`{registry}` is a login to `{}`, and `{}` is in `{}`",
                    login.host, permit.image, permit.image.registry
                ),
                None,
            ));
        }
        permit.login = Some(login);
        Ok(permit)
    }

    pub(super) fn build(&self, at: &str, image: Option<&str>) -> Result<Permit, Refusal> {
        let Permit::Path { root, place, .. } = self.path(at, "", &[Access::Build])? else {
            return Err(self.no_authority(at, "a path"));
        };
        let image = image
            .map(|image| self.image(image, &[Access::Build]))
            .transpose()?;
        Ok(Permit::Build {
            grant: at.to_owned(),
            root,
            image,
            place,
        })
    }

    pub(super) fn tag(&self, source: &str, image: &str) -> Result<Permit, Refusal> {
        Ok(Permit::Tag {
            source: self.image(source, &ANY)?,
            image: self.image(image, &[Access::Build])?,
        })
    }
}
