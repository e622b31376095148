//! Reads parameters and refuses requests.

use serde_json::Value;

/// An unsuccessful response.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) retry_after: Option<u64>,
}

pub(super) fn refuse(code: u16, description: &str) -> Refusal {
    Refusal {
        code,
        description: description.to_owned(),
        retry_after: None,
    }
}

pub(super) fn bad_request(why: &str) -> Refusal {
    refuse(400, &format!("Bad Request: {why}"))
}

/// The parameters of a request. Numbers and objects may be given as strings, as in a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Params<'a>(pub(super) &'a Value);

impl Params<'_> {
    fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Returns a string. A number is converted to its digits.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = self.given(name)?;
        match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => value.is_number().then(|| value.to_string()),
        }
    }

    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.given(name) else {
            return Ok(None);
        };
        let number = value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(bad_request(&format!("can't parse {name}: expected an Integer"))),
        }
    }

    pub(super) fn need_int(&self, name: &str) -> Result<i64, Refusal> {
        self.int(name)?
            .ok_or_else(|| bad_request(&format!("parameter \"{name}\" is required")))
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.given(name).is_some_and(|value| {
            value.as_bool().unwrap_or_else(|| {
                value.as_i64() == Some(1)
                    || value.as_str().is_some_and(|text| {
                        ["true", "yes", "1", "t", "y"].contains(&text.to_lowercase().as_str())
                    })
            })
        })
    }

    /// Returns an object or a list. The parameter may also be a string that contains JSON.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>, Refusal> {
        let Some(value) = self.given(name) else {
            return Ok(None);
        };
        match value.as_str() {
            None => Ok(Some(value.clone())),
            Some("") => Ok(None),
            Some(text) => match serde_json::from_str(text) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(bad_request(&format!("can't parse {name} JSON object"))),
            },
        }
    }
}
