//! One client: who may log in, and what its channels may be.

use std::collections::HashMap;

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session};
use russh::{Channel, ChannelId};

use super::serve::Context;
use super::{process, sftp};
use crate::servers::USER;

/// A client's state.
pub(super) struct Connection {
    context: Context,
    /// Channels that are open and have not said yet what they are for.
    idle: HashMap<ChannelId, Channel<Msg>>,
}

impl Connection {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            idle: HashMap::new(),
        }
    }

    fn judge(&self, user: &str, key: &PublicKey) -> Auth {
        if user == USER && key.key_data() == self.context.user_key.key_data() {
            Auth::Accept
        } else {
            Auth::reject()
        }
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, offer.public_key))
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: russh::server::VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, key.public_key))
    }

    // Forwarding in every form is refused by russh's defaults: a reply that is dropped is a refusal.
    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.idle.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.idle.remove(&id);
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(channel) = self.idle.remove(&id) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let context = self.context.clone();
        let command = String::from_utf8_lossy(command).into_owned();
        tokio::spawn(async move {
            let stop = context.stop.clone();
            stop.run_until_cancelled(process::serve(channel, command, context))
                .await
        });
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.idle.remove(&id) {
            Some(channel) if name == "sftp" => {
                session.channel_success(id)?;
                sftp::serve(channel, &self.context);
                Ok(())
            }
            channel => {
                self.idle.extend(channel.map(|channel| (id, channel)));
                session.channel_failure(id)
            }
        }
    }

    // A terminal, a shell or variables of the client's choice would be ways around the list of commands.
    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}
