//! Reading inputs.

use serde::{Deserialize, Deserializer};

/// For fields that are never absent and may be not set: the host hands over every input that the manifest declares,
/// `null` where the pipeline sets none and there is no default.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Inputs {
///     #[serde(default, deserialize_with = "capstep_sdk::inputs::or_default")]
///     tags: std::collections::BTreeMap<String, String>,
/// }
/// assert!(serde_json::from_str::<Inputs>(r#"{ "tags": null }"#).is_ok_and(|inputs| inputs.tags.is_empty()));
/// ```
///
/// # Errors
/// What is neither `null` nor of the type.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
