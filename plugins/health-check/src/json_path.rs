//! Finding and comparing values in a JSON body.

use serde_json::Value;

/// What is at `path`: a JSON Pointer where it begins with `/`, else a key as it stands, else keys (and indexes) joined
/// by dots.
pub(crate) fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() || path.starts_with('/') {
        return value.pointer(path);
    }
    value.get(path).or_else(|| {
        path.split('.').try_fold(value, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        })
    })
}

/// Whether two values are the same. Numbers are compared by value: `1` is `1.0`.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_keys_and_dots() {
        let body = json!({ "status": "up", "a": { "b": [1, { "c": 2 }] }, "x.y": 3, "x": { "y": 4 }, "/z": 5 });
        let check = |path: &str, expected: Option<Value>| {
            assert_eq!(find(&body, path), expected.as_ref(), "{path}")
        };
        check("status", Some(json!("up")));
        check("/status", Some(json!("up")));
        check("a.b.1.c", Some(json!(2)));
        check("/a/b/0", Some(json!(1)));
        check("x.y", Some(json!(3)));
        check("/x/y", Some(json!(4)));
        check("/~1z", Some(json!(5)));
        check("a.b.9", None);
        check("a.b.c", None);
        check("status.more", None);
        check("", Some(body.clone()));
    }

    #[test]
    fn values_not_spellings_are_compared() {
        let check =
            |left: Value, right: Value, expected: bool| assert_eq!(same(&left, &right), expected);
        check(json!(1), json!(1.0), true);
        check(json!([1, { "a": 2 }]), json!([1.0, { "a": 2.0 }]), true);
        check(json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 }), true);
        check(json!(1), json!("1"), false);
        check(json!([1]), json!([1, 2]), false);
        check(json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), false);
        check(json!(null), json!(false), false);
    }
}
